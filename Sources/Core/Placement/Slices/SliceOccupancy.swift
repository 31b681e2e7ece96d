import Fleet

/// What slices have taken of one GPU: everything that decides which slices fit beside them.
///
/// Two numbers are enough. Slots alone are not: the media extensions can be taken or free over the same slots.
package struct SliceOccupancy: Hashable, Sendable {
    /// Which media engines have been taken.
    struct Media: OptionSet, Hashable, Sendable {
        let rawValue: UInt8
        /// Some slice has those of its slots.
        static let own = Media(rawValue: 1)
        static let extensions = Media(rawValue: 2)
        /// One slice has all engines.
        static let all = Media(rawValue: 4)

        init(rawValue: UInt8) { self.rawValue = rawValue }

        /// What a slice takes.
        init(of media: MIGProfile.Media) {
            switch media {
            case .without: self = []
            case .own: self = .own
            case .extensions: self = [.own, .extensions]
            case .all: self = [.own, .extensions, .all]
            }
        }

        /// Whether a slice with such engines can stand beside what has been taken.
        func leavesRoom(for media: MIGProfile.Media) -> Bool {
            switch media {
            case .without: true
            case .own: !contains(.all)
            case .extensions: !contains(.extensions)
            case .all: isEmpty
            }
        }
    }

    /// One bit for each memory slot that is taken, the lowest for slot 0.
    package let slots: UInt8
    let media: Media

    /// How many occupancies there are, meaningful or not.
    static let count = 8 << 8

    /// Nothing taken.
    package static let empty = SliceOccupancy(slots: 0, media: [])

    init(slots: UInt8, media: Media) {
        self.slots = slots
        self.media = media
    }

    /// The occupancy of that number, below `count`.
    init(index: Int) {
        slots = UInt8(truncatingIfNeeded: index)
        media = Media(rawValue: UInt8(truncatingIfNeeded: index >> 8))
    }

    /// Where tables hold what belongs to it.
    var index: Int { Int(slots) | Int(media.rawValue) << 8 }

    package var isEmpty: Bool { slots == 0 }
}
