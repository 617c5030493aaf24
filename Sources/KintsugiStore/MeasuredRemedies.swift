package import KintsugiCore

/// What recovery has learned so far.
package struct MeasuredRemedies: Sendable, Hashable {
    /// When the log begins, which all of this is counted from; nil: nothing was recorded yet.
    package var since: Timestamp?
    /// Those that were never tried to their end are left out.
    package var figures: [Remedy: RemedyFigures]

    package init(since: Timestamp? = nil, figures: [Remedy: RemedyFigures] = [:]) {
        self.since = since
        self.figures = figures
    }
}
