import HummingbirdCore
import NIOCore
import Synchronization

/// The open connections: how many each user has, and all of them for when the daemon stops.
final class Connections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var countByUser: [UInt32: Int] = [:]
        var isQuiescing = false
    }

    private let limitPerUser: Int
    private let state = Mutex(State())

    /// Root is not limited: it can stop the daemon anyway.
    init(limitPerUser: Int) { self.limitPerUser = limitPerUser }

    /// Takes a connection in; false when its user has too many.
    func open(_ channel: any Channel, of uid: UInt32) -> Bool {
        let (isOpen, isQuiescing) = state.withLock { state in
            guard uid == 0 || state.countByUser[uid, default: 0] < limitPerUser else { return (false, false) }
            state.countByUser[uid, default: 0] += 1
            state.channels[ObjectIdentifier(channel)] = channel
            return (true, state.isQuiescing)
        }
        if isQuiescing { Self.quiesce(channel) }
        return isOpen
    }

    func close(_ channel: any Channel, of uid: UInt32) {
        state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = nil
            let left = state.countByUser[uid, default: 1] - 1
            state.countByUser[uid] = left > 0 ? left : nil
        }
    }

    /// Closes idle connections now and the others after the answer that they wait for.
    func quiesce() {
        let channels = state.withLock { state in
            state.isQuiescing = true
            return Array(state.channels.values)
        }
        channels.forEach(Self.quiesce)
    }

    private static func quiesce(_ channel: any Channel) {
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
}
