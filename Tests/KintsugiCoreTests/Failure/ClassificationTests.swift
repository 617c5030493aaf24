import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Classification")
struct ClassificationTests {
    @Test(
        "A status has the type and class of the contract",
        arguments: [
            (408, .timeout, .retryable), (504, .timeout, .retryable),
            (429, .rateLimit, .retryable), (425, .rateLimit, .retryable),
            (401, .authFailure, .permanent), (403, .authFailure, .permanent), (407, .authFailure, .permanent),
            (400, .validationError, .permanent), (413, .validationError, .permanent),
            (415, .validationError, .permanent), (422, .validationError, .permanent),
            (404, .notFound, .permanent), (410, .notFound, .permanent),
            (402, .clientError, .permanent), (405, .clientError, .permanent), (409, .clientError, .permanent),
            (418, .clientError, .permanent), (451, .clientError, .permanent), (499, .clientError, .permanent),
            (300, .clientError, .permanent), (301, .clientError, .permanent), (304, .clientError, .permanent),
            (308, .clientError, .permanent), (399, .clientError, .permanent),
            (100, .clientError, .permanent), (101, .clientError, .permanent), (199, .clientError, .permanent),
            (500, .serverError, .retryable), (501, .serverError, .retryable), (502, .serverError, .retryable),
            (503, .serverError, .retryable), (505, .serverError, .retryable), (599, .serverError, .retryable),
            (600, .invalidResponse, .permanent), (999, .invalidResponse, .permanent),
            (99, .invalidResponse, .permanent), (0, .invalidResponse, .permanent),
            (-1, .invalidResponse, .permanent),
            (Int.max, .invalidResponse, .permanent), (Int.min, .invalidResponse, .permanent),
        ] as [(Int, ErrorType, ErrorClass)])
    func status(status: Int, type: ErrorType, errorClass: ErrorClass) throws {
        let result = try #require(ClassificationTable.standard.classify(httpStatus: status))
        #expect(result.type == type)
        #expect(result.errorClass == errorClass)
    }

    @Test(
        "An answer 2xx is no failure, whatever an override says", arguments: [200, 201, 202, 204, 226, 299])
    func success(status: Int) {
        let table = ClassificationTable(overrides: [.init(.status(200...299), type: .serverError)])
        #expect(ClassificationTable.standard.classify(httpStatus: status) == nil)
        #expect(table.classify(httpStatus: status) == nil)
    }

    @Test("Every other status is some failure")
    func total() {
        for status in -10...1100 where !(200...299).contains(status) {
            #expect(ClassificationTable.standard.classify(httpStatus: status) != nil, "\(status)")
        }
    }

    @Test(
        "Every error type has the class of the contract",
        arguments: [
            (.timeout, .retryable), (.networkError, .retryable), (.serverError, .retryable),
            (.rateLimit, .retryable),
            (.authFailure, .permanent), (.validationError, .permanent), (.notFound, .permanent),
            (.clientError, .permanent), (.missingCallback, .permanent), (.addressRefused, .permanent),
            (.circuitOpen, .retryable), (.handlerError, .retryable), (.agentReported, .retryable),
            (.invalidResponse, .permanent), (.workerLost, .retryable), (.deadlineExceeded, .permanent),
            (.cancelled, .permanent),
        ] as [(ErrorType, ErrorClass)])
    func type(type: ErrorType, errorClass: ErrorClass) {
        #expect(ClassificationTable.standard.errorClass(of: type) == errorClass)
        #expect(ClassificationTable.standard.classify(type) == (type, errorClass))
        #expect(Failure(type: type, message: "").errorClass == errorClass)
    }

    @Test("Given an override of a status, it alone changes")
    func statusOverride() throws {
        let table = ClassificationTable(overrides: [.init(.status(409...409), type: .serverError)])
        #expect(try #require(table.classify(httpStatus: 409)) == (.serverError, .retryable))
        #expect(try #require(table.classify(httpStatus: 408)) == (.timeout, .retryable))
        #expect(try #require(table.classify(httpStatus: 410)) == (.notFound, .permanent))
    }

    @Test("Given an override of a status's class only, the type stays")
    func statusClassOverride() throws {
        let table = ClassificationTable(overrides: [.init(.status(404...404), errorClass: .retryable)])
        #expect(try #require(table.classify(httpStatus: 404)) == (.notFound, .retryable))
        #expect(try #require(table.classify(httpStatus: 410)) == (.notFound, .permanent))
        #expect(table.errorClass(of: .notFound) == .permanent)
    }

    @Test("Given an override of a type's class, every status of that type follows, unless it has its own")
    func typeClassOverride() throws {
        let table = ClassificationTable(overrides: [
            .init(.status(503...503), errorClass: .retryable),
            .init(.type(.serverError), errorClass: .permanent),
        ])
        #expect(try #require(table.classify(httpStatus: 500)) == (.serverError, .permanent))
        #expect(try #require(table.classify(httpStatus: 503)) == (.serverError, .retryable))
        #expect(table.errorClass(of: .serverError) == .permanent)
    }

    @Test(
        "Given an override that calls a type by another name, it is renamed once and takes that name's class")
    func typeRenamed() throws {
        let table = ClassificationTable(overrides: [
            .init(.type(.notFound), type: .serverError), .init(.type(.serverError), type: .notFound),
        ])
        #expect(try #require(table.classify(httpStatus: 404)) == (.serverError, .retryable))
        #expect(try #require(table.classify(httpStatus: 500)) == (.notFound, .permanent))
        #expect(table.classify(.notFound) == (.serverError, .retryable))
    }

    @Test("Given an override with both, both hold")
    func both() throws {
        let table = ClassificationTable(overrides: [
            .init(.status(400...499), type: .agentReported, errorClass: .permanent)
        ])
        #expect(try #require(table.classify(httpStatus: 429)) == (.agentReported, .permanent))
        let renaming = ClassificationTable(overrides: [
            .init(.type(.notFound), type: .serverError, errorClass: .permanent)
        ])
        #expect(try #require(renaming.classify(httpStatus: 410)) == (.serverError, .permanent))
        #expect(renaming.errorClass(of: .serverError) == .retryable)
    }

    @Test("Given two overrides that both fit, the upper one decides, so the narrow one goes first")
    func order() throws {
        let table = ClassificationTable(overrides: [
            .init(.status(418...418), errorClass: .retryable),
            .init(.status(400...499), errorClass: .permanent),
        ])
        #expect(try #require(table.classify(httpStatus: 418)).errorClass == .retryable)
        #expect(try #require(table.classify(httpStatus: 429)).errorClass == .permanent)
    }

    @Test("A failure takes the default class unless it is told another, and is sent unless it says not")
    func failure() {
        let plain = Failure(type: .timeout, message: "no answer in 30 s")
        #expect(plain.errorClass == .retryable)
        #expect(plain.sent == .yes)
        #expect(plain.httpStatus == nil && plain.retryAfter == nil)
        let told = Failure(type: .handlerError, errorClass: .permanent, message: "no", sent: .maybe)
        #expect(told.errorClass == .permanent)
        #expect(told.sent == .maybe)
    }
}
