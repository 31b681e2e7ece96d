import Fleet

extension Job {
    /// What the job asks the planner for.
    ///
    /// What fits one node stays on one. More goes over the fewest nodes that can give the same number each, all of them
    /// or none: 12 GPUs on nodes with 8 are 2 x 6.
    func request(largestNode: Int) -> Request {
        var request = Request()
        let nodes = nodes ?? fewestNodes(largest: max(largestNode, 1))
        request.nodes = min(nodes, Request.nodeLimit)
        request.count = CountRange(exactly: max(gpus / nodes, 1))
        request.portion = share == .whole ? .whole : .share(share)
        request.memory = memory.map { MemoryRange(exactly: $0) }
        request.models = model.isEmpty ? [] : [model]
        request.duration = limit
        request.priority = priority == 0 ? nil : priority
        return request
    }

    private func fewestNodes(largest: Int) -> Int {
        var nodes = (gpus + largest - 1) / largest
        while gpus % nodes != 0 { nodes += 1 }
        return nodes
    }
}
