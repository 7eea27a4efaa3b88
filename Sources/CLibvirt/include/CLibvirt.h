#pragma once
/// libvirt's C library, opened when it is needed: nothing is linked to it, and its headers need not be there to build.
///
/// The functions stand under their own names in a table; what they do is said in libvirt's reference manual,
/// https://libvirt.org/html/libvirt-libvirt-network.html. Both structures are opaque.

typedef struct virConnect *virConnectPtr;
typedef struct virNetwork *virNetworkPtr;

/// virNetworkXMLFlags: the definition, not the network as it runs.
enum { CLIBVIRT_XML_INACTIVE = 1 };

struct clibvirt {
    virConnectPtr (*virConnectOpen)(const char *uri);
    int (*virConnectClose)(virConnectPtr);
    const char *(*virGetLastErrorMessage)(void);
    /// Returns the number of networks, which the caller frees one by one, and then the list with free(3); -1 for an error.
    int (*virConnectListAllNetworks)(virConnectPtr, virNetworkPtr **networks, unsigned flags);
    virNetworkPtr (*virNetworkDefineXML)(virConnectPtr, const char *xml);
    int (*virNetworkCreate)(virNetworkPtr);
    int (*virNetworkSetAutostart)(virNetworkPtr, int autostart);
    int (*virNetworkGetAutostart)(virNetworkPtr, int *autostart);
    int (*virNetworkIsActive)(virNetworkPtr);
    int (*virNetworkIsPersistent)(virNetworkPtr);
    const char *(*virNetworkGetName)(virNetworkPtr);
    /// What it returns is freed with free(3).
    char *(*virNetworkGetXMLDesc)(virNetworkPtr, unsigned flags);
    int (*virNetworkFree)(virNetworkPtr);
};

/// Opens the library, once a process; returns NULL where that fails, and then `*reason` says why.
///
/// libvirt's habit of writing every error to standard error is switched off.
const struct clibvirt *clibvirt_open(const char **reason);
