package import WireTime

/// A part of a reply that the server being simulated hands to the network at one go.
package struct Piece {
    package enum Kind: Equatable {
        /// Status line and fields of a stream.
        case head
        case record
        /// The record that ends the stream for its reader.
        case last
        /// The end of the body.
        case end
        /// A whole response.
        case whole
    }

    package let kind: Kind
    package let bytes: [UInt8]

    package init(_ kind: Kind, _ bytes: [UInt8]) {
        self.kind = kind
        self.bytes = bytes
    }
}

package enum PieceStep {
    /// A piece has been appended; when it should go out (nil: as soon as it is there).
    case piece(Piece.Kind, due: Instant?)
    /// `.distantFuture`: until the connection is woken.
    case wait(until: Instant)
    case done
}

/// Makes a reply piece by piece. On the server's thread.
package protocol PieceSource: AnyObject {
    /// Appends the next piece to `out`, once; or says when to ask again.
    func next(at now: Instant, into out: inout [UInt8]) -> PieceStep
    /// The connection is done with it.
    func ended(at now: Instant)
}

/// Pieces that are ready, one behind the other in memory that is used again.
struct PieceQueue {
    private var bytes: [UInt8] = []
    private var pieces: [(kind: Piece.Kind, end: Int, due: Instant?)] = []
    private var taken = 0
    private var takenBytes = 0

    var isEmpty: Bool { pieces.isEmpty }

    /// What `write` appends is the piece.
    mutating func add(
        _ kind: Piece.Kind, due: Instant? = nil, _ write: (inout [UInt8]) -> Void
    ) {
        write(&bytes)
        pieces.append((kind, bytes.count, due))
    }

    /// Appends the first to `out`. Call when there is one.
    mutating func take(into out: inout [UInt8]) -> PieceStep {
        let (kind, end, due) = pieces[taken]
        out += bytes[takenBytes..<end]
        taken += 1
        takenBytes = end
        if taken == pieces.count {
            bytes.removeAll(keepingCapacity: true)
            pieces.removeAll(keepingCapacity: true)
            (taken, takenBytes) = (0, 0)
        }
        return .piece(kind, due: due)
    }
}

/// Pieces that are known beforehand, each so long after the one before.
final class FixedPieces: PieceSource {
    private let pieces: [(after: Timeout, piece: Piece)]
    private var index = 0
    private var due: Instant

    init(_ pieces: [(after: Timeout, piece: Piece)], from start: Instant) {
        self.pieces = pieces
        due = start
        if let first = pieces.first { due = start + first.after }
    }

    convenience init(whole bytes: [UInt8], from start: Instant) {
        self.init([(.zero, Piece(.whole, bytes))], from: start)
    }

    func next(at now: Instant, into out: inout [UInt8]) -> PieceStep {
        guard index < pieces.count else { return .done }
        if due > now { return .wait(until: due) }
        defer {
            index += 1
            if index < pieces.count { due = due + pieces[index].after }
        }
        out += pieces[index].piece.bytes
        return .piece(pieces[index].piece.kind, due: nil)
    }

    func ended(at now: Instant) {}
}
