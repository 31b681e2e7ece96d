import Engine
import Foundation
import Ledger
import Testing

@testable import API

@Suite struct JSONWriterTests {
    private struct Numbers: Codable, Equatable {
        var a = Int8.min, b = Int16.max, c = Int32.min, d = Int64.min, e = Int.max
        var f = UInt8.max, g = UInt16.max, h = UInt32.max, i = UInt64.max, j = UInt.max
        var k = 0.1, l = -1e300, m = Float(0.5), n = 1e-7, o = true, p = false, q = 0
    }

    private func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSONWriter.bytes(of: value), as: UTF8.self)
    }

    @Test func `numbers come back as they were`() throws {
        let bytes = try JSONWriter.bytes(of: Numbers())
        #expect(try JSONDecoder().decode(Numbers.self, from: Data(bytes)) == Numbers())
    }

    @Test(arguments: ["", "plain", "a\"b\\c/d", "line\nend\ttab\r\u{0}\u{1f}\u{7f}", "Zürich 東京 👩‍🔬", "\u{2028}"])
    func `texts come back as they were`(string: String) throws {
        let bytes = try JSONWriter.bytes(of: [string])
        #expect(try JSONDecoder().decode([String].self, from: Data(bytes)) == [string])
    }

    @Test func `the forms that there are, as text`() throws {
        #expect(try text([[1, -20], []]) == "[[1,-20],[]]")
        #expect(try text([Int?.none, 3]) == "[null,3]")
        #expect(
            try text(ErrorBody(code: .never, message: "m"))
                == #"{"schema":"divvy.v1/Error","code":"never","message":"m","hint":null,"explanation":null}"#)
        #expect(try text(LeaseList(items: [])) == #"{"schema":"divvy.v1/LeaseList","items":[]}"#)
    }

    @Test func `a number that JSON has no form for is refused`() {
        #expect(throws: EncodingError.self) { try JSONWriter.bytes(of: [Double.nan]) }
        #expect(throws: EncodingError.self) { try JSONWriter.bytes(of: [Double.infinity]) }
    }

    @Test func `it says what Foundation's encoder says`() throws {
        let fleet = FleetView(Sample.fleet, requestable: [RequestableView(request: "1", count: 1)])
        let decoded = try JSONDecoder().decode(FleetView.self, from: Data(JSONWriter.bytes(of: fleet)))
        #expect(decoded == fleet)
        let ours = try JSONSerialization.jsonObject(with: Data(JSONWriter.bytes(of: fleet))) as? NSDictionary
        let theirs = try JSONSerialization.jsonObject(with: JSONEncoder().encode(fleet)) as? NSDictionary
        #expect(ours == theirs)
    }
}
