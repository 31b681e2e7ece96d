import CLimiter
import CLimiterShim

/// Memory that processes of a container open of one another: charged once, where it was made, as long as its owner has
/// it. What the owner gives back lives on while somebody else has it open, and is an orphan then.
///
/// Nobody can tell which of the exported memory an importer has opened. But orphans are never more than what was
/// given back after it was exported, nor more than what is opened at all, so the lesser of the two is charged: nothing
/// as long as owners keep what they export, and never less than what there is.
enum Sharing {
    private static func own(_ gpu: UInt32) -> UnsafeMutablePointer<LimiterDetail>? {
        detail_of(state.pointee.books, gpu, state.pointee.slot)
    }

    /// Runs a change of the account of a GPU.
    private static func change(
        _ gpu: UInt32, _ body: (UnsafeMutablePointer<LimiterBook>, UnsafeMutablePointer<LimiterDetail>) -> Void
    ) {
        guard let book = book_of(state.pointee.books, gpu), let detail = own(gpu) else { return }
        Books.lock(book, gpu)
        body(book, detail)
        if book.pointee.orphaned > 0 { clip(book, gpu) }
        Books.unlock(book)
    }

    /// Orphans are at most what is opened; the lock is held.
    static func clip(_ book: UnsafeMutablePointer<LimiterBook>, _ gpu: UInt32) {
        guard let books = state.pointee.books else { return }
        var opened: UInt64 = 0
        for slot in 0..<min(load32(&books.pointee.highest), UInt32(LIMITER_PROCESSES)) {
            guard let detail = detail_of(books, gpu, slot) else { continue }
            if detail.pointee.unmapped > 0 { return }
            opened = Sizes.sum(opened, detail.pointee.imported)
        }
        book.pointee.orphaned = min(book.pointee.orphaned, opened)
    }

    /// Others may open that much more of what this process holds.
    static func export(_ gpu: UInt32, _ bytes: UInt64) { change(gpu) { $1.pointee.exported &+= bytes } }

    /// Gives back what was exported, in one step: it is never charged twice, nor not at all. `bytes` is what is charged
    /// no more: less, where others are in the same block.
    static func giveBackExported(_ gpu: UInt32, _ exported: UInt64, _ bytes: UInt64) {
        guard let held = held_of(process_of(state.pointee.books, state.pointee.slot), gpu) else { return }
        change(gpu) { book, detail in
            detail.pointee.exported -= min(exported, detail.pointee.exported)
            book.pointee.used -= min(bytes, book.pointee.used)
            held.pointee -= min(bytes, held.pointee)
            book.pointee.orphaned &+= bytes
        }
    }

    static func open(_ gpu: UInt32, _ bytes: UInt64) { change(gpu) { $1.pointee.imported &+= bytes } }
    static func close(_ gpu: UInt32, _ bytes: UInt64) {
        change(gpu) { $1.pointee.imported -= min(bytes, $1.pointee.imported) }
    }

    /// A handle of which nobody knows yet how much it is.
    static func openUnknown(_ gpu: UInt32) { change(gpu) { $1.pointee.unmapped &+= 1 } }
    static func closeUnknown(_ gpu: UInt32) {
        change(gpu) { $1.pointee.unmapped -= min(1, $1.pointee.unmapped) }
    }
}
