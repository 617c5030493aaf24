import Testing
import Foundation
import KintsugiSQLite
import KintsugiStore

/// The stores that keep the contract.
enum StoreKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case memory, sqlite
    var testDescription: String { rawValue }
}

/// Runs a test on an empty store, and closes it whatever happens.
func withStore(_ kind: StoreKind, _ body: (any Store) async throws -> Void) async throws {
    switch kind {
    case .memory: try await body(MemoryStore())
    case .sqlite: try await withFolder { folder in try await withSQLite(folder, body) }
    }
}

@discardableResult
func withSQLite<Value>(_ folder: String, _ body: (SQLiteStore) async throws -> Value) async throws -> Value {
    let store = try SQLiteStore.open(folder: folder, node: "test")
    let value: Value
    do { value = try await body(store) } catch {
        await store.close()
        throw error
    }
    await store.close()
    return value
}

/// A new empty folder that is gone afterwards.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appending(path: "kintsugi-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}
