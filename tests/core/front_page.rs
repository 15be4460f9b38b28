//! The front page of the docs leads to every public name.

use std::fs;

#[test]
fn it_links_every_name() {
    let lib = fs::read_to_string("src/lib.rs").unwrap();
    // What is no part of the API stands at the end.
    let (lib, _) = lib.split_once("pub mod __private {").unwrap();
    let page: String = lib.lines().take_while(|line| !line.starts_with("mod ")).collect();
    let mut names = 0;
    // A list may go over several lines.
    let items = lib.split(';').filter_map(|item| item.rsplit_once("pub use ").map(|(_, path)| path));
    for path in items.map(|path| path.split_whitespace().collect::<Vec<_>>().join(" ")) {
        let list = path.rsplit("::").next().unwrap();
        let list = path.split_once('{').map_or(list, |(_, list)| list.trim_end_matches('}'));
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let is_linked = [format!("[`{name}`]"), format!("::{name}`]"), format!("[`{name}::")];
            assert!(is_linked.iter().any(|link| page.contains(link)), "{name} isn't on the front page");
            names += 1;
        }
    }
    assert!(names > 40, "{names}");
}
