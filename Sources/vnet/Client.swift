internal import API
internal import Foundation

/// The control API's client: one request a connection.
struct Client {
    let socket: String
    /// What to do about a connection that is refused, before it is tried once more.
    let connecting: @Sendable (ConnectionError) async throws -> Void

    /// Finds out whether anyone listens.
    func probe() throws { close(try Exchange.connect(to: socket)) }

    func get<Answer: Decodable>(
        _ path: [String], query: String = "", as: Answer.Type = Answer.self
    ) async throws -> Answer {
        try decode(await send(.get, path, query: query))
    }

    func text(_ path: [String], query: String = "") async throws -> String {
        String(decoding: try await send(.get, path, query: query), as: UTF8.self)
    }

    func post<Answer: Decodable>(
        _ path: [String], query: String = "", body: [UInt8] = [], as: Answer.Type = Answer.self
    ) async throws -> Answer {
        try decode(await send(.post, path, query: query, body: body))
    }

    func post<Answer: Decodable>(
        _ path: [String], _ body: some Encodable, as: Answer.Type = Answer.self
    ) async throws -> Answer {
        try await post(path, body: [UInt8](JSONEncoder().encode(body)))
    }

    func put<Answer: Decodable>(
        _ path: [String], _ body: some Encodable, as: Answer.Type = Answer.self
    ) async throws -> Answer {
        try decode(await send(.put, path, body: [UInt8](JSONEncoder().encode(body))))
    }

    func delete<Answer: Decodable>(_ path: [String], as: Answer.Type = Answer.self) async throws -> Answer {
        try decode(await send(.delete, path))
    }

    private func decode<Answer: Decodable>(_ body: [UInt8]) throws -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(body))
        } catch {
            throw CommandError("the daemon's answer cannot be read (is it of another version?): \(error)")
        }
    }

    private func send(
        _ method: HTTPMethod, _ path: [String], query: String = "", body: [UInt8] = []
    ) async throws -> [UInt8] {
        let exchange = Exchange(method: method.rawValue, target: Self.target(path, query: query), body: body)
        do {
            return try content(of: exchange)
        } catch let refusal as ConnectionError where method == .get || !refusal.isBreak {
            // A daemon that died with the question has not answered it; what was to be done is not asked for twice.
            try await connecting(refusal)
            return try content(of: exchange)
        }
    }

    private enum HTTPMethod: String {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    static func target(_ path: [String], query: String) -> String {
        "/v1/" + path.map(\.percentEncoded).joined(separator: "/") + query
    }

    private func content(of exchange: Exchange) throws -> [UInt8] {
        let (status, content) = try exchange.answer(from: socket)
        guard (200..<300).contains(status) else { throw Self.error(status, content) }
        return content
    }

    /// What an answer says that is no success.
    static func error(_ status: Int, _ content: [UInt8]) -> any Error {
        if let error = try? JSONDecoder().decode(APIError.self, from: Data(content)) { return error }
        return CommandError("the daemon answered \(status)")
    }
}

extension String {
    /// Fit for a segment of a path, or a value of a query.
    var percentEncoded: String { addingPercentEncoding(withAllowedCharacters: .pathSegment) ?? self }
}

extension CharacterSet {
    /// What may stand in one segment of a path as it is: the unreserved characters (RFC 3986, section 2.3).
    fileprivate static let pathSegment = CharacterSet(
        charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
}
