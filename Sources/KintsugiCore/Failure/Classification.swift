package import KintsugiVocabulary

/// What an HTTP status or an error type means, as rows of data.
///
/// They are read from the top, and the first that says it decides. An operator's overrides for an agent are
/// rows above the standard ones, so the narrow ones go first.
package struct ClassificationTable: Sendable, Hashable {
    /// One row; what it leaves open is said by a row further down.
    package struct Rule: Sendable, Hashable {
        package enum Subject: Sendable, Hashable {
            case status(ClosedRange<Int>)
            case type(ErrorType)
        }

        package var subject: Subject
        package var type: ErrorType?
        package var errorClass: ErrorClass?

        package init(_ subject: Subject, type: ErrorType? = nil, errorClass: ErrorClass? = nil) {
            self.subject = subject
            self.type = type
            self.errorClass = errorClass
        }
    }

    /// Another type, another class, or both, for a status or a type; an answer 2xx cannot be overridden.
    package typealias Override = Rule

    /// The rows in the order in which they are asked.
    package let rules: [Rule]

    package init(overrides: [Override]) { rules = overrides + Self.standardRules }

    package static let standard = ClassificationTable(overrides: [])

    /// The type and class of an answer with that status; nil for 200 to 299, which is no failure.
    ///
    /// The status gives the type, the type's own override may change it, and a class that stands with the
    /// status goes before the class of the type.
    package func classify(httpStatus: Int) -> (type: ErrorType, errorClass: ErrorClass)? {
        guard !(200...299).contains(httpStatus) else { return nil }
        var (type, errorClass): (ErrorType?, ErrorClass?)
        for rule in rules {
            guard case .status(let range) = rule.subject, range.contains(httpStatus) else { continue }
            type = type ?? rule.type
            errorClass = errorClass ?? rule.errorClass
        }
        let named = classify(type ?? .invalidResponse)
        return (named.type, errorClass ?? named.errorClass)
    }

    /// The type and class of a failure of that type, which an override may call by another name, once.
    package func classify(_ type: ErrorType) -> (type: ErrorType, errorClass: ErrorClass) {
        for rule in rules where rule.subject == .type(type) {
            guard let other = rule.type, other != type else { continue }
            return (other, rule.errorClass ?? errorClass(of: other))
        }
        return (type, errorClass(of: type))
    }

    /// Whether another attempt can help after a failure of that type.
    package func errorClass(of type: ErrorType) -> ErrorClass {
        for rule in rules where rule.subject == .type(type) {
            if let errorClass = rule.errorClass { return errorClass }
        }
        return type.defaultClass
    }

    /// The table of the API's contract, narrow rows first.
    ///
    /// - Source: RFC 9110, section 15; RFC 8470 for 425, RFC 6585 for 429.
    private static let standardRules: [Rule] =
        [
            Rule(.status(408...408), type: .timeout),
            Rule(.status(504...504), type: .timeout),
            Rule(.status(425...425), type: .rateLimit),
            Rule(.status(429...429), type: .rateLimit),
            Rule(.status(401...401), type: .authFailure),
            Rule(.status(403...403), type: .authFailure),
            Rule(.status(407...407), type: .authFailure),
            Rule(.status(400...400), type: .validationError),
            Rule(.status(413...413), type: .validationError),
            Rule(.status(415...415), type: .validationError),
            Rule(.status(422...422), type: .validationError),
            Rule(.status(404...404), type: .notFound),
            Rule(.status(410...410), type: .notFound),
            Rule(.status(100...199), type: .clientError),
            Rule(.status(300...499), type: .clientError),
            Rule(.status(500...599), type: .serverError),
            Rule(.status(.min ... .max), type: .invalidResponse),
        ] + ErrorType.allCases.map { Rule(.type($0), errorClass: $0.defaultClass) }
}
