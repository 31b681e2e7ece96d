import Glibc
import Presentation

/// A container's bundle: the directory with its `config.json`, which a lease's edits go into.
///
/// The file as it was is kept beside it until the container is deleted: whoever makes a container of the same bundle
/// again asks for a new lease.
struct Bundle {
    let configuration: String
    var document: BundleDocument

    private static let original = ".divvy"

    init(configuration: String) throws {
        self.configuration = configuration
        document = try Self.read(configuration)
        if document.annotations[BundleDocument.leaseAnnotation] != nil {
            // Our own work of an earlier time, left behind by somebody who was killed.
            let original = configuration + Self.original
            if Files.exists(original) { document = try Self.read(original) }
        }
    }

    private static func read(_ path: String) throws -> BundleDocument {
        let text = try Files.read(path, atMost: 64 << 20)
        guard let text else { throw Failure(.notFound, "there is no \(path)") }
        do throws(JSONValue.ParsingError) {
            return BundleDocument(try JSONValue(parsing: Array(text.utf8)))
        } catch {
            throw Failure(.badData, "\(path) is \(error)")
        }
    }

    /// Puts the document in the file's place, all or nothing, and keeps the file as it was.
    func write() throws {
        let (original, new) = (configuration + Self.original, configuration + ".new")
        var status = stat()
        guard stat(configuration, &status) == 0 else { throw Self.failure("cannot read \(configuration)") }
        let isEdited = try Self.read(configuration).annotations[BundleDocument.leaseAnnotation] != nil
        let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, status.st_mode & 0o777)
        guard descriptor >= 0 else { throw Self.failure("cannot write \(new)") }
        defer { close(descriptor) }
        Console.write(document.json.compact, to: descriptor)
        _ = fchown(descriptor, status.st_uid, status.st_gid)
        if !isEdited {
            unlink(original)
            guard link(configuration, original) == 0 else { throw Self.failure("cannot keep \(original)") }
        }
        guard rename(new, configuration) == 0 else { throw Self.failure("cannot write \(configuration)") }
    }

    /// Puts the file back as it was; a bundle that is gone needs nothing.
    static func restore(_ configuration: String) {
        let original = configuration + Self.original
        if Files.exists(original) { rename(original, configuration) }
    }

    private static func failure(_ words: String) -> Failure {
        Failure(.cannotCreate, "\(SystemFailure.last(words))")
    }
}
