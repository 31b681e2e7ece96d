import Fleet
import Placement
import Testing

struct SliceTests {
    /// Every set of slices that fits on a GPU, by the definition: intervals that do not overlap, compute slices and
    /// maxima that suffice, and one user of the media extensions.
    private static func layouts(_ geometry: MIGGeometry, of positions: [Int]) -> [[SliceStand]] {
        let stands = positions.flatMap { profile in
            geometry.profiles[profile].starts.map { SliceStand(profile: profile, start: $0) }
        }
        var layouts: [[SliceStand]] = []
        func descend(_ next: Int, _ chosen: [SliceStand]) {
            layouts.append(chosen)
            for place in next..<max(stands.count, next) where fits(stands[place], beside: chosen, geometry) {
                descend(place + 1, chosen + [stands[place]])
            }
        }
        descend(0, [])
        return layouts
    }

    private static func fits(_ stand: SliceStand, beside others: [SliceStand], _ geometry: MIGGeometry) -> Bool {
        let profile = geometry.profiles[stand.profile]
        func slots(_ stand: SliceStand) -> Range<Int> {
            stand.start..<stand.start + geometry.profiles[stand.profile].memorySlices
        }
        let medias = others.map { geometry.profiles[$0.profile].media }
        let isMediaFree =
            switch profile.media {
            case .without: true
            case .own: !medias.contains(.all)
            case .extensions: !medias.contains(.all) && !medias.contains(.extensions)
            case .all: medias.allSatisfy { $0 == .without }
            }
        return isMediaFree && others.allSatisfy { !slots($0).overlaps(slots(stand)) }
            && slots(stand).upperBound <= geometry.memorySlices
    }

    /// Layouts to which nothing can be added.
    private static func maximal(_ layouts: [[SliceStand]], _ geometry: MIGGeometry, _ positions: [Int])
        -> [[SliceStand]]
    {
        layouts.filter { layout in
            positions.allSatisfy { profile in
                geometry.profiles[profile].starts.allSatisfy {
                    !fits(SliceStand(profile: profile, start: $0), beside: layout, geometry)
                }
            }
        }
    }

    /// How often each profile comes in a layout.
    private static func multisets(_ layouts: [[SliceStand]], _ geometry: MIGGeometry) -> Set<[Int]> {
        Set(
            layouts.map { layout in
                geometry.profiles.indices.map { profile in layout.count { $0.profile == profile } }
            })
    }

    /// Published of this geometry: multisets that fit (the empty one is one of them), multisets of the layouts to which
    /// nothing can be added, and these layouts.
    @Test(arguments: [([19, 14, 9, 5, 0], [38, 14, 19]), ([19, 15, 14, 9, 5, 0], [78, 38, 78])])
    func `seven compute slices give the published numbers of layouts`(ids: [Int], published: [Int]) throws {
        let geometry = try #require(MIGGeometry.named("A100-80GB"))
        let positions = ids.compactMap { geometry.position(ofID: $0) }
        let layouts = Self.layouts(geometry, of: positions)
        let maximal = Self.maximal(layouts, geometry, positions)
        let multisets = Self.multisets(layouts, geometry)
        #expect([multisets.count, Self.multisets(maximal, geometry).count, maximal.count] == published)
    }

    @Test(arguments: MIGGeometry.all)
    func `on every set of slices the tables say what fits beside it`(geometry: MIGGeometry) {
        let tables = SliceTables(geometry)
        let everything = Array(geometry.profiles.indices)
        // Variants make many sets of the same slots: those of RTX PRO 6000 are gone through without `+gfx`.
        let positions = everything.filter { !geometry.profiles[$0].name.hasSuffix("+gfx") }
        for layout in Self.layouts(geometry, of: positions) {
            let occupancy = tables.occupancy(of: layout)
            for profile in everything {
                let expected = geometry.profiles[profile].starts.filter {
                    Self.fits(SliceStand(profile: profile, start: $0), beside: layout, geometry)
                }
                let bits = expected.reduce(UInt8(0)) { $0 | 1 << UInt8($1) }
                guard tables.starts(of: profile, in: occupancy) == bits else {
                    Issue.record("\(geometry.product): \(geometry.profiles[profile].name) beside \(layout)")
                    return
                }
            }
        }
    }

    @Test(arguments: MIGGeometry.all)
    func `compute slices suffice and no profile comes more often than its maximum`(geometry: MIGGeometry) {
        for layout in Self.layouts(geometry, of: Array(geometry.profiles.indices)) {
            let compute = layout.reduce(0) { $0 + geometry.profiles[$1.profile].computeSlices }
            let isWithin = geometry.profiles.enumerated().allSatisfy { position, profile in
                layout.count { $0.profile == position } <= profile.maximum
            }
            guard compute <= geometry.computeSlices, isWithin else {
                Issue.record("\(geometry.product): \(layout)")
                return
            }
        }
    }

    @Test(arguments: MIGGeometry.all)
    func `fragmentation is the free slots that the demand cannot cover`(geometry: MIGGeometry) {
        let tables = SliceTables(geometry)
        var generator = TestGenerator(state: 11)
        let mix = SliceMix(counts: geometry.profiles.map { _ in Int32(generator.below(9)) })
        let gradient = SliceGradient(tables, for: mix)
        for layout in Self.layouts(geometry, of: Array(geometry.profiles.indices)) where generator.below(20) == 0 {
            let taken = Set(
                layout.flatMap { stand in
                    stand.start..<stand.start + geometry.profiles[stand.profile].memorySlices
                })
            let free = geometry.memorySlices - taken.count
            var expected = 0
            for (position, profile) in geometry.profiles.enumerated() {
                let covered = Set(
                    profile.starts.filter {
                        Self.fits(SliceStand(profile: position, start: $0), beside: layout, geometry)
                    }.flatMap { $0..<$0 + profile.memorySlices })
                expected += Int(mix.counts[position]) * (free - covered.count)
            }
            let occupancy = tables.occupancy(of: layout)
            #expect(tables.fragmentation(of: occupancy, for: mix) == expected)
            #expect(gradient.fragmentation(of: occupancy) == expected)
        }
    }

    @Test func `the media extensions are given once and come back`() throws {
        let geometry = try #require(MIGGeometry.named("A30-24GB"))
        let tables = SliceTables(geometry)
        var placer = SlicePlacer(SliceGradient(tables, for: .even(geometry)), gpus: 1)
        let small = try #require(geometry.position(of: "1g.6gb+me"))
        let large = try #require(geometry.position(of: "2g.12gb+me"))
        let plain = try #require(geometry.position(of: "2g.12gb"))
        let first = try #require(placer.find(small))
        placer.take(first)
        #expect(placer.find(small) == nil)
        #expect(placer.find(large) == nil, "one GPU has one set of extensions, whichever profile wants them")
        #expect(placer.find(plain) != nil)
        #expect(giveBack(first, to: &placer))
        #expect(!giveBack(first, to: &placer))
        #expect(placer.find(large) != nil)
    }

    private func giveBack(_ place: SlicePlace, to placer: inout SlicePlacer) -> Bool { placer.giveBack(place) }

    @Test func `a slice with all media engines leaves room only for slices without any`() throws {
        let geometry = try #require(MIGGeometry.named("RTX-PRO-6000-Blackwell-96GB"))
        let tables = SliceTables(geometry)
        let all = try #require(geometry.position(of: "1g.24gb+me.all"))
        let occupancy = tables.adding(all, at: 0, to: .empty)
        let fitting = geometry.profiles.indices.filter { tables.starts(of: $0, in: occupancy) != 0 }
        #expect(fitting.map { geometry.profiles[$0].name } == ["1g.24gb-me", "2g.48gb-me"])
        let plain = tables.adding(try #require(geometry.position(of: "1g.24gb")), at: 3, to: .empty)
        #expect(tables.starts(of: all, in: plain) == 0)
    }
}
