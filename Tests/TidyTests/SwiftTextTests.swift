import Testing

struct SwiftTextTests {
    @Test(arguments: [
        ("let a = 1 // try! b", "let a = 1"),
        ("let a = \"try! b\" + c", "let a =          + c"),
        ("let a = \"\\(f(\"x)\")) try!\" + c", "let a =  + c"),
        ("let a = #\"a \" b\"# + c", "let a =  + c"),
        ("a /* b /* c */ d */ e", "a  e"),
        ("func `try! this`() {}", "func  () {}"),
    ])
    func `comments, strings and raw identifiers are blanked and code is kept`(text: String, code: String) {
        func words(_ text: String) -> [Substring] { text.split(separator: " ") }
        #expect(words(SwiftText(text).code.joined(separator: "\n")) == words(code))
    }

    @Test func `a string of several lines keeps the line numbers`() {
        let text = SwiftText("let a = \"\"\"\n    try! \"x\" // y\n    \"\"\"\nlet b = 2")
        #expect(text.code.count == 4)
        #expect(text.code[3] == "let b = 2")
        #expect(!text.code[1].contains("try!"))
    }
}
