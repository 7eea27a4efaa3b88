internal import CXML
public import NetworkModel

// Port forwards are added and removed in the document's own metadata, of which all the rest stays as it is.

extension NetworkDefinition {
    /// The network with another port forward.
    ///
    /// - Throws: Why it does not fit: another one listens there, the guest's address is of no subnet of the network.
    public func adding(_ forward: PortForward) throws(UpdateError) -> NetworkDefinition {
        if let other = extensions.portForwards.first(where: { $0.overlaps(forward) }) {
            throw .refused(
                "network '\(name)' forwards \(other.listening) already, to \(other.guest): remove that one first, or choose"
                    + " another port")
        }
        return try changed { metadata in metadata.add(forward) }
    }

    /// The network without one of its port forwards.
    public func removing(_ forward: PortForward) throws(UpdateError) -> NetworkDefinition {
        guard let index = extensions.portForwards.firstIndex(of: forward) else {
            throw .refused("network '\(name)' does not forward \(forward.listening)")
        }
        return try changed { metadata in metadata.removeForward(at: index) }
    }

    private func changed(_ change: (borrowing MetadataTree) -> Void) throws(UpdateError) -> NetworkDefinition {
        guard let tree = MetadataTree(metadata ?? "<metadata/>") else {
            throw .refused("the <metadata> of network '\(name)' cannot be read: edit the network instead")
        }
        change(tree)
        var changed = self
        changed.metadata = tree.text
        return try changed.normalized
    }
}

/// A `<metadata>` as libxml2's tree, to be changed in place.
@safe private struct MetadataTree: ~Copyable {
    private let document: xmlDocPtr
    private let root: xmlNodePtr

    init?(_ text: String) {
        let options = XML_PARSE_NONET.rawValue | XML_PARSE_NOBLANKS.rawValue | XML_PARSE_NOERROR.rawValue
        let bytes = Array(text.utf8)
        let document = unsafe bytes.withUnsafeBytes { bytes in
            unsafe xmlReadMemory(
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self), CInt(bytes.count), nil, "UTF-8",
                CInt(bitPattern: options))
        }
        guard let document = unsafe document else { return nil }
        guard let root = unsafe xmlDocGetRootElement(document) else {
            unsafe xmlFreeDoc(document)
            return nil
        }
        unsafe self.document = document
        unsafe self.root = root
    }

    deinit { unsafe xmlFreeDoc(document) }

    /// As libvirt writes it, one level deep.
    var text: String? {
        guard let buffer = unsafe xmlBufferCreate() else { return nil }
        defer { unsafe xmlBufferFree(buffer) }
        guard unsafe xmlNodeDump(buffer, document, root, 1, 1) >= 0 else { return nil }
        return unsafe xmlBufferContent(buffer).map { unsafe String(cString: $0) }
    }

    func add(_ forward: PortForward) {
        guard let network = unsafe ownNetwork ?? newNetwork() else { return }
        let element = unsafe child(of: network, "portForward")
        unsafe set(element, "proto", forward.transport.rawValue)
        if let address = forward.address, forward.device != nil || address != PortForward.defaultAddress {
            unsafe set(element, "address", address.description)
        }
        if let device = forward.device { unsafe set(element, "dev", device.description) }
        let range = unsafe child(of: element, "range")
        unsafe set(range, "start", "\(forward.ports.lowerBound)")
        if forward.ports.count > 1 { unsafe set(range, "end", "\(forward.ports.upperBound)") }
        if forward.firstTarget != forward.ports.lowerBound { unsafe set(range, "to", "\(forward.firstTarget)") }
        unsafe set(range, "guest", forward.guest.description)
    }

    /// Removes a range, counted over all in the order of the document, and its `<portForward>` where it was the last there.
    func removeForward(at index: Int) {
        let ranges = unsafe elements(in: ownNetwork, "portForward").flatMap { unsafe elements(in: $0, "range") }
        guard unsafe ranges.indices.contains(index) else { return }
        let parent = unsafe ranges[index].pointee.parent
        unsafe remove(ranges[index])
        if let parent = unsafe parent, unsafe elements(in: parent, "range").isEmpty { unsafe remove(parent) }
    }

    // MARK: Nodes

    private var ownNetwork: xmlNodePtr? { unsafe elements(in: root, "network").first }

    private func newNetwork() -> xmlNodePtr? {
        let node = unsafe xmlNewChild(root, nil, "network", nil)
        unsafe xmlSetNs(node, xmlNewNs(node, vnetNamespace, "vnet"))
        return unsafe node
    }

    /// The elements of vnet's namespace of that name directly in `node`.
    private func elements(in node: xmlNodePtr?, _ name: String) -> [xmlNodePtr] {
        var found: [xmlNodePtr] = unsafe []
        var child = unsafe node?.pointee.children
        while let this = unsafe child {
            if unsafe this.pointee.type == XML_ELEMENT_NODE, let namespace = unsafe this.pointee.ns?.pointee.href,
                unsafe String(cString: namespace) == vnetNamespace, unsafe String(cString: this.pointee.name) == name
            {
                unsafe found.append(this)
            }
            unsafe child = this.pointee.next
        }
        return unsafe found
    }

    private func child(of parent: xmlNodePtr?, _ name: String) -> xmlNodePtr? {
        unsafe xmlNewChild(parent, parent?.pointee.ns, name, nil)
    }

    private func set(_ node: xmlNodePtr?, _ attribute: String, _ value: String) {
        _ = unsafe xmlNewProp(node, attribute, value)
    }

    private func remove(_ node: xmlNodePtr) {
        unsafe xmlUnlinkNode(node)
        unsafe xmlFreeNode(node)
    }
}
