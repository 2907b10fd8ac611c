//! What this process does on each signal, as Linux tells it.

use std::fs;

/// Returns whether the process is in the state of this mask for a signal: `SigIgn` if it ignores the signal, `SigCgt` if
/// it handles it (`proc_pid_status(5)`). Only Linux tells it; elsewhere nothing is in a mask.
pub(crate) fn contains(mask: &str, signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").ok().filter(|_| cfg!(target_os = "linux"));
    is_in(&status.unwrap_or_default(), mask, signal)
}

fn is_in(status: &str, mask: &str, signal: i32) -> bool {
    let bits = status.lines().find_map(|line| line.strip_prefix(mask)?.strip_prefix(':'));
    let bits = bits.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or_default();
    bits >> (signal - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_read_from_the_mask() {
        let status = "Name:\tauthn\nSigBlk:\t0000000000000006\nSigIgn:\t0000000000001001\n";
        assert!(is_in(status, "SigIgn", 1) && is_in(status, "SigIgn", 13));
        assert!(!is_in(status, "SigIgn", 2) && !is_in(status, "SigIgn", 15));
        assert!(is_in(status, "SigBlk", 2) && !is_in(status, "SigCgt", 1));
        assert!(!is_in("", "SigIgn", 1));
    }
}
