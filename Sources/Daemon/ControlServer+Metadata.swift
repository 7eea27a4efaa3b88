internal import API
internal import Hummingbird
internal import NIOCore

extension ControlServer {
    /// `GET` and `PUT` of a network's title, description and elements of `<metadata>`.
    func addMetadata(to networks: RouterGroup<BasicRequestContext>) {
        let service = service
        networks.get(":network/metadata") { request, context in
            let query = request.uri.queryParameters
            let text = try await service.metadata(
                Self.parameter("network", context), Self.part(query), isLive: query["live"] == "true",
                isPersistent: query["config"] == "true")
            return Response(
                status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
        networks.put(":network/metadata") { request, context in
            let wish = try await Self.decode(MetadataWish.self, from: request)
            return try Self.json(await service.setMetadata(Self.parameter("network", context), wish))
        }
    }

    private static func part(_ query: Parameters) throws -> MetadataPart {
        switch (query["part"], query["uri"]) {
        case ("title", _): .title
        case ("description", _): .description
        case ("element", let uri?): .element(String(uri))
        default: throw APIError(.invalid, "ask for part=title, part=description, or part=element with a uri")
        }
    }
}
