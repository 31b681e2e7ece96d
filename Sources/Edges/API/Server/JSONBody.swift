import FoundationEssentials
import Hummingbird
import NIOCore

/// How values become bodies and bodies become values.
enum JSONBody {
    /// The largest body that is read.
    static let limit = 1 << 20

    private static let decoder = JSONDecoder()

    static func response(_ value: some Encodable, status: Int = 200) throws -> Response {
        Response(
            status: HTTPResponse.Status(code: status),
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSONWriter.bytes(of: value))))
    }

    /// Writes one value as a line of a JSON Lines stream.
    static func writeLine(_ value: some Encodable, to buffer: inout ByteBuffer) throws {
        buffer.writeBytes(try JSONWriter.bytes(of: value))
        buffer.writeInteger(UInt8(ascii: "\n"))
    }

    static func response(_ problem: ProblemReport) -> Response {
        // An error body is strings and numbers only; if it cannot be written, the status still says what happened.
        (try? response(problem.body, status: problem.status)) ?? Response(status: .init(code: problem.status))
    }

    /// Reads a request's body; throws a `ProblemReport` that says which field is wrong.
    static func read<Value: Decodable>(_ type: Value.Type, from request: Request) async throws -> Value {
        if let length = request.headers[.contentLength].flatMap(Int.init), length > limit { throw tooLarge }
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
        guard buffer.readableBytes > 0 else {
            throw ProblemReport.badRequest("the body is empty", hint: "send a JSON object")
        }
        do {
            return try decoder.decode(type, from: Data(buffer.readableBytesView))
        } catch let error as DecodingError {
            throw ProblemReport.badRequest(describe(error))
        }
    }

    private static let tooLarge = ProblemReport(
        413, ErrorBody(code: .badRequest, message: "the body is larger than \(limit) bytes"))

    private static func describe(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context): "\(path(context.codingPath + [key])) is missing"
        case .typeMismatch(let type, let context): "\(path(context.codingPath)) must be \(words(for: type))"
        case .valueNotFound(let type, let context): "\(path(context.codingPath)) must be \(words(for: type)), not null"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "the body is not JSON: \(context.debugDescription)"
                : "\(path(context.codingPath)): \(context.debugDescription)"
        @unknown default: "the body cannot be read"
        }
    }

    private static func words(for type: Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is Int.Type: "a whole number"
        default: "an object"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.isEmpty ? "the body" : keys.map(\.stringValue).joined(separator: ".")
    }
}
