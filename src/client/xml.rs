//! XML as it arrives: a reader that is pushed, in bounded memory.
//!
//! Tags are read with quick-xml, one at a time and whole. What may be long, text above all, is passed on in the
//! pieces in which it comes: a report of hundreds of megabytes is one text.

use quick_xml::events::{BytesDecl, BytesRef, BytesStart};
use quick_xml::name::{NamespaceResolver, ResolveResult};

use crate::format::BOM;

/// The most bytes of one tag.
const LONGEST_TAG: usize = 16 * 1024;
/// The most attributes of one tag.
const MOST_ATTRIBUTES: usize = 256;
/// The most namespaces that are declared at once; each name with a prefix is looked for among all of them.
const MOST_NAMESPACES: usize = 2 * MOST_ATTRIBUTES;
/// The most elements inside each other.
const DEEPEST: usize = 32;
/// The most bytes of a reference, such as `&#x10FFFF;`, between `&` and `;`.
const LONGEST_REFERENCE: usize = 16;

/// Why it is not XML that may be read.
pub(super) type Malformed = &'static str;

/// What it means is for others to say.
pub(super) trait Elements {
    fn start(&mut self, element: &Element<'_>) -> Result<(), Malformed>;
    /// A piece of character data inside the innermost element, without markup and with references resolved.
    fn text(&mut self, text: &[u8]) -> Result<(), Malformed>;
    fn end(&mut self) -> Result<(), Malformed>;
}

/// The beginning of an element.
pub(super) struct Element<'a> {
    /// Empty where the element is in none.
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) is_nil: bool,
}

impl Element<'_> {
    pub(super) fn is(&self, name: &str, namespace: &str) -> bool {
        (self.name, self.namespace) == (name, namespace)
    }
}

/// Reads one document.
pub(super) struct XmlReader {
    state: XmlState,
    /// What must be seen whole: the first three bytes, a tag, a reference, what opens a markup.
    held: Vec<u8>,
    /// The names of the open elements, with their prefixes.
    open: Vec<Box<str>>,
    namespaces: NamespaceResolver,
    has_root: bool,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum XmlState {
    #[default]
    Beginning,
    Text,
    /// After `&`.
    Reference,
    /// After `<`, until it is clear what it opens.
    Markup,
    /// Inside a tag; the quote that is open, if one is.
    Tag(Option<u8>),
    /// Inside `<!--`, `<![CDATA[` or `<?`; how many marks of its ending have just been seen.
    Comment(usize),
    Cdata(usize),
    Instruction(usize),
}

impl Default for XmlReader {
    fn default() -> Self {
        let mut namespaces = NamespaceResolver::default();
        namespaces.set_max_namespace_bindings(MOST_NAMESPACES);
        let (held, open) = (Vec::new(), Vec::new());
        XmlReader { state: XmlState::default(), held, open, namespaces, has_root: false }
    }
}

impl XmlReader {
    /// Reads on. After an error the document is not to be fed any more.
    pub(super) fn feed(&mut self, mut piece: &[u8], elements: &mut impl Elements) -> Result<(), Malformed> {
        while !piece.is_empty() {
            let used = match self.state {
                XmlState::Beginning => self.beginning(piece, elements)?,
                XmlState::Text => self.text(piece, elements)?,
                XmlState::Reference => self.reference(piece, elements)?,
                XmlState::Markup => self.markup(piece)?,
                XmlState::Tag(quote) => self.tag(piece, quote, elements)?,
                XmlState::Comment(seen) => {
                    let found = COMMENT_END.find(piece, seen);
                    self.state = if found.is_over { XmlState::Text } else { XmlState::Comment(found.held) };
                    found.used
                }
                XmlState::Cdata(seen) => self.cdata(piece, seen, elements)?,
                XmlState::Instruction(seen) => self.instruction(piece, seen)?,
            };
            piece = piece.get(used..).unwrap_or_default();
        }
        Ok(())
    }

    /// Whether the document was whole.
    pub(super) fn finish(&self) -> Result<(), Malformed> {
        match self.state {
            XmlState::Text if self.has_root && self.open.is_empty() => Ok(()),
            XmlState::Beginning | XmlState::Text if !self.has_root => Err("it holds no element"),
            _ => Err("it ends in the middle"),
        }
    }

    /// Strips a UTF-8 byte order mark, and recognises UTF-16 with one and without.
    fn beginning(&mut self, piece: &[u8], elements: &mut impl Elements) -> Result<usize, Malformed> {
        let used = piece.len().min(BOM.len() - self.held.len());
        self.held.extend(piece.iter().take(used));
        // No whole document has fewer bytes.
        if self.held.len() == BOM.len() {
            self.state = XmlState::Text;
            let held = std::mem::take(&mut self.held);
            if let [0xff, 0xfe, _] | [0xfe, 0xff, _] | [0, _, _] | [_, 0, _] = held[..] {
                return Err("it is UTF-16, not UTF-8");
            }
            if held != BOM {
                self.feed(&held, elements)?;
            }
        }
        Ok(used)
    }

    fn text(&mut self, piece: &[u8], elements: &mut impl Elements) -> Result<usize, Malformed> {
        let end = memchr::memchr2(b'<', b'&', piece);
        let (text, mark) = piece.split_at(end.unwrap_or(piece.len()));
        self.pass_on(text, elements)?;
        self.held.clear();
        match mark.first() {
            None => return Ok(text.len()),
            Some(b'<') => self.state = XmlState::Markup,
            Some(_) => self.state = XmlState::Reference,
        }
        Ok(text.len() + 1)
    }

    fn pass_on(&mut self, text: &[u8], elements: &mut impl Elements) -> Result<(), Malformed> {
        match self.open.is_empty() {
            _ if text.is_empty() => Ok(()),
            true if is_space(text) => Ok(()),
            true => Err(OUTSIDE),
            false => elements.text(text),
        }
    }

    fn reference(&mut self, piece: &[u8], elements: &mut impl Elements) -> Result<usize, Malformed> {
        const UNKNOWN: Malformed = "it holds a reference that XML doesn't know";
        let used = self.hold(piece, b';', LONGEST_REFERENCE).ok_or(UNKNOWN)?;
        if self.held.last() == Some(&b';') {
            self.held.pop();
            let held = std::mem::take(&mut self.held);
            let name = std::str::from_utf8(&held).map_err(|_| UNKNOWN)?;
            let character = match BytesRef::new(name).resolve_char_ref() {
                Ok(Some(character)) => character,
                Ok(None) => {
                    quick_xml::escape::resolve_xml_entity(name).and_then(|text| text.chars().next()).ok_or(UNKNOWN)?
                }
                Err(_) => return Err(UNKNOWN),
            };
            self.state = XmlState::Text;
            self.pass_on(character.encode_utf8(&mut [0; 4]).as_bytes(), elements)?;
        }
        Ok(used)
    }

    /// Holds bytes up to and with `last`; `None` where that would be more than `longest`.
    fn hold(&mut self, piece: &[u8], last: u8, longest: usize) -> Option<usize> {
        let used = memchr::memchr(last, piece).map_or(piece.len(), |end| end + 1);
        if self.held.len() + used > longest {
            return None;
        }
        self.held.extend(piece.iter().take(used));
        Some(used)
    }

    fn markup(&mut self, piece: &[u8]) -> Result<usize, Malformed> {
        const CDATA: &[u8] = b"![CDATA[";
        const COMMENT: &[u8] = b"!--";
        let Some(&byte) = piece.first() else { return Ok(0) };
        match (self.held.is_empty(), byte) {
            (true, b'?') => self.state = XmlState::Instruction(0),
            (true, b'!') | (false, _) => {
                self.held.push(byte);
                if self.held == COMMENT {
                    self.state = XmlState::Comment(0);
                } else if self.held == CDATA {
                    if self.open.is_empty() {
                        return Err(OUTSIDE);
                    }
                    self.state = XmlState::Cdata(0);
                } else if b"!DOCTYPE".starts_with(&self.held.to_ascii_uppercase()) && self.held.len() > 1 {
                    return Err("it has a DOCTYPE, which is refused");
                } else if !COMMENT.starts_with(&self.held) && !CDATA.starts_with(&self.held) {
                    return Err("it has a declaration, which is refused");
                }
                if self.state != XmlState::Markup {
                    self.held.clear();
                }
            }
            // The tag begins with this byte, which is not used up here.
            (true, _) => {
                self.state = XmlState::Tag(None);
                return Ok(0);
            }
        }
        Ok(1)
    }

    fn tag(&mut self, piece: &[u8], mut quote: Option<u8>, elements: &mut impl Elements) -> Result<usize, Malformed> {
        let mut used = 0;
        for &byte in piece {
            used += 1;
            match (quote, byte) {
                (None, b'>') => {
                    self.state = XmlState::Text;
                    let tag = std::mem::take(&mut self.held);
                    let tag = std::str::from_utf8(&tag).map_err(|_| "a tag is not UTF-8")?;
                    self.read_tag(tag, elements)?;
                    return Ok(used);
                }
                (None, b'<') => return Err("a tag holds a `<`"),
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
            if self.held.len() == LONGEST_TAG {
                return Err("a tag is too long");
            }
            self.held.push(byte);
        }
        self.state = XmlState::Tag(quote);
        Ok(used)
    }

    fn read_tag(&mut self, tag: &str, elements: &mut impl Elements) -> Result<(), Malformed> {
        if let Some(name) = tag.strip_prefix('/') {
            if self.open.pop().as_deref() != Some(name.trim_end_matches(XML_SPACE)) {
                return Err("an end tag doesn't fit its start tag");
            }
            self.namespaces.pop();
            return elements.end();
        }
        if self.open.is_empty() && self.has_root {
            return Err("it holds more than one document");
        }
        if self.open.len() == DEEPEST {
            return Err("its elements are nested too deeply");
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let name_len = tag.find(XML_SPACE).unwrap_or(tag.len());
        let start = BytesStart::from_content(tag, name_len);
        let (first, rest) = tag.split_at(tag.chars().next().map_or(0, char::len_utf8));
        let rest = rest.get(..name_len.saturating_sub(first.len())).unwrap_or_default();
        if !first.starts_with(|first: char| first.is_alphabetic() || first == '_')
            || !rest.chars().all(|other| other.is_alphanumeric() || "_-.:".contains(other))
        {
            return Err("a tag has no name");
        }
        // Looking for duplicates takes the square of their number, and so comes after.
        if start.attributes().with_checks(false).count() > MOST_ATTRIBUTES {
            return Err("a tag has too many attributes");
        }
        if start.attributes().any(|attribute| attribute.is_err()) {
            return Err("a tag has a broken attribute");
        }
        self.namespaces.push(&start).map_err(|_| "its namespaces are broken")?;
        let (namespace, name) = self.namespaces.resolve_element(start.name());
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.0,
            ResolveResult::Unbound => "",
            ResolveResult::Unknown(_) => return Err("a prefix of it is declared nowhere"),
        };
        let is_nil = start.attributes().has_nil(&self.namespaces);
        elements.start(&Element { namespace, name: name.as_ref(), is_nil })?;
        self.has_root = true;
        if is_empty {
            self.namespaces.pop();
            return elements.end();
        }
        self.open.push(start.name().as_ref().into());
        Ok(())
    }

    fn cdata(&mut self, piece: &[u8], held: usize, elements: &mut impl Elements) -> Result<usize, Malformed> {
        let found = CDATA_END.find(piece, held);
        let text = (held + found.used).saturating_sub(found.held);
        // Of the marks that were held back, those which the end doesn't reach back to are text.
        let before = text.min(held);
        elements.text(b"]]".get(..before).unwrap_or_default())?;
        elements.text(piece.get(..text - before).unwrap_or_default())?;
        self.state = if found.is_over { XmlState::Text } else { XmlState::Cdata(found.held) };
        Ok(found.used)
    }

    fn instruction(&mut self, piece: &[u8], seen: usize) -> Result<usize, Malformed> {
        let found = INSTRUCTION_END.find(piece, seen);
        let room = LONGEST_TAG.saturating_sub(self.held.len());
        self.held.extend(piece.iter().take(found.used.min(room)));
        self.state = XmlState::Instruction(found.held);
        if found.is_over {
            self.state = XmlState::Text;
            let held = std::mem::take(&mut self.held);
            let content = std::str::from_utf8(&held).unwrap_or_default().trim_end_matches("?>");
            if let Some(rest) = content.strip_prefix("xml")
                && rest.starts_with(XML_SPACE)
            {
                let declaration = BytesDecl::from_start(BytesStart::from_content(content, 3));
                match declaration.encoding() {
                    None => {}
                    Some(Ok(name)) if ["utf-8", "us-ascii"].contains(&&*name.to_ascii_lowercase()) => {}
                    Some(_) => return Err("its encoding is not UTF-8"),
                }
            }
        }
        Ok(found.used)
    }
}

const OUTSIDE: Malformed = "it is not XML: there is text outside of its element";
const XML_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

pub(super) fn is_space(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// What ends a comment, a CDATA section or an instruction: a mark, once or twice, and then `>`.
struct Ending {
    mark: u8,
    marks: usize,
}

const COMMENT_END: Ending = Ending { mark: b'-', marks: 2 };
const CDATA_END: Ending = Ending { mark: b']', marks: 2 };
const INSTRUCTION_END: Ending = Ending { mark: b'?', marks: 1 };

/// What a piece has of an ending.
struct Found {
    /// How many bytes of the piece belong to what may end in it.
    used: usize,
    /// How many bytes at their end, and before the piece, are of the ending or may turn out to be.
    held: usize,
    is_over: bool,
}

impl Ending {
    /// Looks for it in a piece in front of which there were so many marks.
    fn find(&self, piece: &[u8], before: usize) -> Found {
        for end in memchr::memchr_iter(b'>', piece) {
            if self.marks_at_end(piece.get(..end).unwrap_or_default(), before) == self.marks {
                return Found { used: end + 1, held: self.marks + 1, is_over: true };
            }
        }
        Found { used: piece.len(), held: self.marks_at_end(piece, before), is_over: false }
    }

    /// With how many marks a piece ends, of as many as there have to be: `]]]>` is an end, too.
    fn marks_at_end(&self, piece: &[u8], before: usize) -> usize {
        let marks = piece.iter().rev().take(self.marks).take_while(|&&byte| byte == self.mark).count();
        if marks == piece.len() { self.marks.min(before + marks) } else { marks }
    }
}
