/// Texts of strangers, made fit to stand in a line of ours.
enum PlainText {
    /// On one line, without controls and invisible marks (which can turn text around), cut to so many scalars.
    static func line(_ text: String, atMost limit: Int) -> String {
        var line = String.UnicodeScalarView()
        var isGap = false
        var count = 0
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .spaceSeparator, .lineSeparator, .paragraphSeparator: isGap = !line.isEmpty
            case .format, .privateUse, .surrogate, .unassigned: continue
            default:
                count += isGap ? 2 : 1
                guard count <= limit else {
                    line.removeLast()
                    line.append("…")
                    return String(line)
                }
                if isGap { line.append(" ") }
                isGap = false
                line.append(scalar)
            }
        }
        return String(line)
    }
}
