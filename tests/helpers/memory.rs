//! What this process takes of the machine.

/// The most memory that this process has had at a time, in bytes. Linux only.
pub fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// What this process holds of the machine. Linux only.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    pub handles: usize,
    pub threads: usize,
    /// The memory that it has now, in bytes.
    pub memory: u64,
}

pub fn held() -> Held {
    let entries = |folder: &str| std::fs::read_dir(folder).unwrap().count();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let now = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    Held {
        // One of them is that of the folder that is read.
        handles: entries("/proc/self/fd") - 1,
        threads: entries("/proc/self/task"),
        memory: now.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024,
    }
}
