import Placement

/// The groups of requests that the published measure of fragmentation counts, in its order.
///
/// It knows the models of a request as they are written: "A|B" and "A|B|B" are two groups, and of groups that are
/// equally frequent and equal otherwise, the text that sorts last comes first. That decides which groups make up 95 of 100
/// requests.
struct PublishedGroups {
    private struct Key: Hashable {
        let request: RequestKind
        let spec: Substring
    }

    private var counts: [Key: Int64] = [:]

    mutating func add(_ kind: RequestKind, spec: Substring) {
        let request = RequestKind(
            cpuMilli: kind.cpuMilli, memoryMiB: 0, gpuMilli: kind.gpuMilli, gpus: kind.gpus,
            models: kind.needsGPU ? kind.models : RequestKind.anyModel)
        counts[Key(request: request, spec: kind.needsGPU ? spec : ""), default: 0] += 1
    }

    var ordered: [RequestMix.Group] {
        counts.sorted { left, right in
            let (one, other) = (left.key.request, right.key.request)
            return (left.value, one.cpuMilli, one.gpuMilli, one.gpus, left.key.spec)
                > (right.value, other.cpuMilli, other.gpuMilli, other.gpus, right.key.spec)
        }.map { RequestMix.Group(request: $0.key.request, count: $0.value) }
    }
}
