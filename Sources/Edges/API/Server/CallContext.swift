import Engine
import Hummingbird
import Logging
import NIOCore

/// Where a call comes from: the connection's peer, as the kernel tells it.
struct CallSource: RequestContextSource {
    let logger: Logger
    let caller: Caller
    let channel: any Channel
}

/// What a route knows of a call beside the request itself.
struct CallContext: RequestContext {
    typealias Source = CallSource

    var coreContext: CoreRequestContextStorage
    let caller: Caller
    let channel: any Channel

    init(source: CallSource) {
        coreContext = CoreRequestContextStorage(source: source)
        caller = source.caller
        channel = source.channel
    }

    var maxUploadSize: Int { JSONBody.limit }
}
