package import Fleet
package import Ledger

extension OfferView {
    package init(
        _ offer: Offer, of request: Request, at clock: ClockReading, gpus: [GPUID: GPU], notes: [String] = []
    ) {
        let words = request.canonical
        switch offer {
        case .now(let placement):
            self.init(
                answer: .now, request: words, node: placement.node,
                grants: placement.grants.map { GrantView($0, of: nil, gpu: gpus[$0.gpu]) }, grade: placement.grade,
                fences: placement.grade.fences, notes: notes)
        case .later(let position, let why, let start):
            self.init(
                answer: .later, request: words, position: position, explanation: ExplanationView(why),
                startsAt: start.map(clock.timestamp), startsInSeconds: start.map(clock.seconds(until:)), notes: notes)
        case .never(let why):
            self.init(answer: .never, request: words, explanation: ExplanationView(why), notes: notes)
        }
    }
}
