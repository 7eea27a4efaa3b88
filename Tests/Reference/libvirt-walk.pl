#!/usr/bin/perl
# Walks what Sys::Virt, libvirt's Perl binding, has for networks, and prints what it sees.
#
#     libvirt-walk.pl URI
#
# Two servers of libvirt's protocol are the same to a client where this prints the same: a line a step, NAME: VALUE, and
# of an error its number and domain. Written for what the walk in Python does otherwise: the old lists by name and number,
# a connection that is closed while objects live, and calls on objects of networks that are gone.
use strict;
use warnings;
use Sys::Virt;

my $lab   = "11111111-2222-3333-4444-555555555555";
my $port  = "99999999-8888-7777-6666-555555555555";
my $owner = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

sub network {
    my ($name, $uuid, $third) = @_;
    return <<"XML";
<network>
  <name>$name</name>
  <uuid>$uuid</uuid>
  <forward mode='route'/>
  <bridge name='perl-$name' stp='on' delay='0'/>
  <mac address='52:54:00:aa:bb:0$third'/>
  <ip address='192.168.18$third.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.18$third.10' end='192.168.18$third.99'/>
    </dhcp>
  </ip>
</network>
XML
}

sub text {
    my ($value) = @_;
    return "undefined" unless defined $value;
    return $value->get_name if ref $value eq "Sys::Virt::Network";
    return $value->get_uuid_string if ref $value eq "Sys::Virt::NetworkPort";
    return "{" . join(", ", map { "$_ => " . text($value->{$_}) } sort keys %$value) . "}" if ref $value eq "HASH";
    return $value;
}

# Prints what a call returns, or how it fails.
sub show {
    my ($name, $call) = @_;
    my @values = eval { $call->() };
    if (my $error = $@) {
        die $error unless ref $error;
        print "$name: error " . $error->code . "/" . $error->domain . "\n";
        return;
    }
    print "$name: " . join(" ", map { text($_) } @values) . "\n";
    return $values[0];
}

my $connection = Sys::Virt->new(uri => $ARGV[0]);

sub lists {
    show("number", sub { $connection->num_of_networks });
    show("number of defined", sub { $connection->num_of_defined_networks });
    show("names", sub { sort $connection->list_network_names(16) });
    show("names of defined", sub { sort $connection->list_defined_network_names(16) });
    show("no more names than asked for", sub { scalar $connection->list_network_names(0) });
    show("running", sub { sort map { $_->get_name } $connection->list_networks });
    show("defined", sub { sort map { $_->get_name } $connection->list_defined_networks });
    show("all", sub { sort map { $_->get_name } $connection->list_all_networks });
}

lists();
my $first  = show("define", sub { $connection->define_network(network("lab", $lab, 1)) });
my $second = show("create", sub { $connection->create_network(network("other", $owner, 2)) });
lists();
show("by name",       sub { $connection->get_network_by_name("lab")->get_uuid_string });
show("by uuid",       sub { $connection->get_network_by_uuid($first->get_uuid) });
show("by uuid's text", sub { $connection->get_network_by_uuid($owner) });
show("no name",       sub { $connection->get_network_by_name("nowhere") });
show("start",         sub { $first->create });
show("start again",   sub { $first->create });
show("document",      sub { $first->get_xml_description });
show("bridge",        sub { $first->get_bridge_name });
show("autostart",     sub { $first->set_autostart(1); $first->get_autostart });
show("autostart of a transient one", sub { $second->set_autostart(1) });
show("update", sub {
    $first->update(Sys::Virt::Network::UPDATE_COMMAND_ADD_LAST, Sys::Virt::Network::SECTION_IP_DHCP_HOST, -1,
        "<host mac='52:54:00:12:34:56' ip='192.168.181.50'/>", Sys::Virt::Network::UPDATE_AFFECT_LIVE);
});
show("document afterwards", sub { $first->get_xml_description });
show("document on disk", sub { $first->get_xml_description(Sys::Virt::Network::XML_INACTIVE) });
show("leases", sub { $first->get_dhcp_leases });
my $plug = show("port", sub {
    $first->create_port("<networkport><uuid>$port</uuid><owner><name>vm1</name><uuid>$owner</uuid></owner>"
        . "<mac address='52:54:00:12:34:56'/></networkport>");
});
show("ports", sub { $first->list_all_ports });
show("port by uuid", sub { $first->get_port_by_uuid($port) });
show("port's parameters", sub { $plug->set_parameters({"inbound.average" => 2_000}); $plug->get_parameters });
show("port's document", sub { $plug->get_xml_description });
show("delete the port", sub { $plug->delete });
show("ports", sub { $first->list_all_ports });
show("destroy", sub { $_->destroy for $first, $second });
lists();
show("destroy again", sub { $first->destroy });
show("start what is gone", sub { $second->create });
show("its document", sub { $second->get_xml_description });
show("its name", sub { $second->get_name });
show("undefine", sub { $first->undefine });
show("undefine again", sub { $first->undefine });
lists();
