import CWireKernels

/// The widths that the kernels are built in.
enum KernelWidth: UInt32, CaseIterable, Sendable {
    case portable, sse2, avx2, avx512

    /// Those that this processor has. Asking for one uses it, which does no harm: all say the same.
    static let available = allCases.filter { cwk_use(cwk_width($0.rawValue)) != 0 }

    func use() { _ = cwk_use(cwk_width(rawValue)) }
}
