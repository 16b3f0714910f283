//! What the compiler keeps of one source file: plain data, a function of the file's bytes alone.
//!
//! Nothing here knows other files, features or targets; so facts can be made on any thread, and
//! kept on disk under the hash of the file.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Index into [`FileFacts::names`].
pub type Name = u32;
/// Index into [`FileFacts::paths`].
pub type PathId = u32;
/// Index into [`FileFacts::cfgs`].
pub type CfgId = u32;
/// Index into [`FileFacts::scopes`].
pub type ScopeId = u32;
/// Index into [`FileFacts::nodes`].
pub type NodeId = u32;

/// A byte range of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// The first byte.
    pub start: u32,
    /// The number of bytes.
    pub len: u32,
}

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Every identifier that occurs below, once.
    pub names: Vec<String>,
    /// Every path that occurs below, once.
    pub paths: Vec<PathFacts>,
    /// Every condition that occurs below, once, in the words of `cfg(…)`.
    pub cfgs: Vec<String>,
    /// Modules and blocks; the first is the file itself.
    pub scopes: Vec<ScopeFacts>,
    /// Everything that can mention something: bodies, types, impl headers, macros.
    pub nodes: Vec<NodeFacts>,
    /// The impl blocks.
    pub impls: Vec<ImplFacts>,
    /// Attributes that may be cloudc's: which they are, only name resolution knows.
    pub marks: Vec<Mark>,
    /// Code that the analysis cannot see into.
    pub hidden: Vec<Hidden>,
}

/// A path: where it starts, and its identifiers (`self`, `super`, `crate` and `Self` among them).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PathFacts {
    /// Where it starts.
    pub root: PathRoot,
    /// Never empty.
    pub segments: Vec<Name>,
}

/// Where a path starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PathRoot {
    /// In the scope around it.
    Plain,
    /// `::name`: at the crates.
    Global,
    /// `$crate`: at the crate of the macro.
    DollarCrate,
}

/// A module, a block with items of its own, or the inside of an impl or trait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScopeFacts {
    /// Which of these.
    pub kind: ScopeKind,
    /// What it adds to the path of what is in it: `orders`, `Shelf`, `<Shelf as Store>`.
    pub name: Option<Name>,
    /// The scope around it; the file's own scope has itself.
    pub parent: ScopeId,
    /// When it exists, beyond the conditions of the scopes around it.
    pub cfg: Option<CfgId>,
    /// What it names.
    pub items: Vec<ItemFacts>,
    /// What it imports.
    pub imports: Vec<ImportFacts>,
}

/// Which kind of scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScopeKind {
    /// A module: names are not looked up beyond it.
    Module,
    /// A block: names are looked up in the scope around it too.
    Block,
    /// The inside of an impl: like a block, and `Self` is the type at this path, if it is a plain one.
    Impl(Option<PathId>),
    /// The inside of a trait: like a block, and `Self` is anything that implements it.
    Trait,
}

/// Who can name an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Vis {
    /// Everyone. `pub(in path)` counts as this within the crate.
    Public,
    /// The crate.
    Crate,
    /// The parent module and what is in it.
    Super,
    /// The module and what is in it.
    Private,
}

/// A named item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemFacts {
    /// Its name.
    pub name: Name,
    /// Where the name stands.
    pub spot: Spot,
    /// Who can name it.
    pub vis: Vis,
    /// When it exists.
    pub cfg: Option<CfgId>,
    /// What it is.
    pub kind: ItemKind,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ItemKind {
    /// `mod name { … }`, with the `#[path]`s that may apply to it, each under its condition.
    Module(ScopeId, Vec<(Option<CfgId>, String)>),
    /// `mod name;`, likewise.
    ModuleFile(Vec<(Option<CfgId>, String)>),
    /// A free function.
    Function(NodeId),
    /// A const or static.
    Value(NodeId),
    /// A struct or union; whether its name is a value too.
    Struct(NodeId, bool),
    /// An enum and its variants.
    Enum(NodeId, Vec<Name>),
    /// A type alias, and the path it stands for, if it is a plain one.
    Alias(NodeId, Option<PathId>),
    /// A trait; its functions with a body.
    Trait(NodeId, Vec<MethodFacts>),
    /// A `macro_rules!`.
    Macro(NodeId),
    /// `extern crate name`.
    ExternCrate(Name),
}

/// One name that a `use` brings in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportFacts {
    /// What is imported.
    pub path: PathId,
    /// Under which name; `None` for a glob.
    pub name: Option<Name>,
    /// Who can name it.
    pub vis: Vis,
    /// When it exists.
    pub cfg: Option<CfgId>,
    /// Where.
    pub spot: Spot,
}

/// Something that mentions others, and can be reached by a mention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeFacts {
    /// What people call it: `place_order`, `impl Store for Shelf`.
    pub name: Name,
    /// Where it stands.
    pub spot: Spot,
    /// Where its paths are looked up.
    pub scope: ScopeId,
    /// When it exists, beyond the conditions of the scopes around it.
    pub cfg: Option<CfgId>,
    /// What it mentions.
    pub mentions: Vec<Mention>,
    /// Other nodes of this file that come with it.
    pub links: Vec<NodeId>,
    /// For an item macro, the identifiers in its tokens, any of which it may define; for a
    /// `macro_rules!`, the names of the items in its tokens.
    pub defines: Vec<Name>,
}

/// A mention.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mention {
    /// Of what.
    pub what: What,
    /// When.
    pub cfg: Option<CfgId>,
    /// Where.
    pub spot: Spot,
}

/// What is mentioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum What {
    /// A path in an expression or pattern.
    Value(PathId),
    /// A path in a type, or the start of a path that names a function of a type.
    Type(PathId),
    /// A path in a macro's tokens.
    Tokens(PathId),
    /// `path.method(…)`; the number of arguments, where it is known.
    Call(PathId, Name, Option<u8>),
    /// `anything.method(…)`
    Method(Name, Option<u8>),
    /// `T::name`, where only rustc knows what `T` is.
    Associated(Name),
    /// `path!(…)`
    Macro(PathId),
    /// `.$name(…)` or `path::$name`: whatever names the macro is given.
    Spliced,
}

/// An impl block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImplFacts {
    /// Where it stands.
    pub scope: ScopeId,
    /// The type, if it is a plain path.
    pub self_type: Option<PathId>,
    /// The trait.
    pub of_trait: Option<PathId>,
    /// Its header: the types it mentions.
    pub header: NodeId,
    /// Its functions and consts.
    pub methods: Vec<MethodFacts>,
}

/// A function or const of an impl or trait.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodFacts {
    /// Its name.
    pub name: Name,
    /// Its body.
    pub node: NodeId,
    /// The number of its arguments beside `self`; `None` without `self`.
    pub arity: Option<u8>,
}

/// An attribute on a function or static that may be cloudc's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The attribute's path.
    pub path: PathId,
    /// When the attribute is there (`cfg_attr`).
    pub cfg: Option<CfgId>,
    /// The attribute.
    pub spot: Spot,
    /// The item it stands on.
    pub node: NodeId,
    /// What the attribute's own tokens mention; part of the item if the attribute is not cloudc's.
    pub tokens: NodeId,
    /// The scope in which that item stands.
    pub scope: ScopeId,
    /// Whether that item is at module level, where others can name it.
    pub nameable: bool,
    /// The first paragraph of the item's doc comment.
    pub doc: String,
    /// What it says, read as each of cloudc's attributes that may stand on such an item.
    pub readings: Vec<Reading>,
}

/// What an attribute says if it is a certain one of cloudc's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What it declares; `None` if it is too broken to tell.
    pub declares: Option<Declares>,
    /// As which attribute it was read: `function`, `queue` or `cache`.
    pub attribute: Attribute,
    /// The mistakes in it.
    pub mistakes: Vec<Mistake>,
}

/// One of cloudc's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Attribute {
    /// `#[function]`
    Function,
    /// `#[queue]`
    Queue,
    /// `#[cache]`
    Cache,
}

/// What an attribute declares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Declares {
    /// A handler.
    Function(Box<FunctionDecl>),
    /// A queue.
    Queue(QueueDecl),
    /// A cache.
    Cache(CacheDecl),
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub spot: Spot,
}

impl<T> Written<T> {
    /// Another value at the same place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Written<U> {
        Written {
            value: change(self.value),
            spot: self.spot,
        }
    }
}

/// A handler as declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionDecl {
    /// The name, given or made from the identifier.
    pub name: Written<String>,
    /// What starts it.
    pub trigger: TriggerDecl,
    /// Where the trigger's value stands.
    pub trigger_spot: Spot,
    /// The HTTP service that it moves to.
    pub service: Option<Written<String>>,
    /// Pods at the least and most.
    pub scale: Option<Written<(u32, Option<u32>)>>,
    /// Calls at the same time in a pod.
    pub concurrency: Option<Written<u32>>,
    /// How long one call may take.
    pub timeout: Option<Written<Duration>>,
    /// A quantity.
    pub memory: Option<Written<String>>,
    /// A quantity.
    pub cpu: Option<Written<String>>,
    /// `gvisor`?
    pub sandbox: Option<Written<bool>>,
    /// `private`?
    pub private: Option<Written<bool>>,
}

/// What starts a function, as declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TriggerDecl {
    /// A request.
    Http {
        /// Upper case.
        method: String,
        /// The route.
        path: String,
    },
    /// A message of the queue at a path.
    Queue {
        /// The path.
        path: PathId,
        /// Messages a call.
        batch: Option<Written<u32>>,
    },
    /// A point in time.
    Schedule {
        /// The expression.
        cron: String,
        /// The zone.
        timezone: Option<Written<String>>,
    },
}

/// A queue as declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueDecl {
    /// The name, given or made from the identifier.
    pub name: Written<String>,
    /// The payload's type, as written.
    pub payload: String,
    /// Deliveries.
    pub max_deliveries: Option<Written<u32>>,
    /// The broker's patience.
    pub ack_wait: Option<Written<Duration>>,
    /// Whether failed messages are kept.
    pub dead_letter: Option<Written<bool>>,
    /// How long message ids are remembered.
    pub dedupe: Option<Written<Duration>>,
    /// How long messages are kept.
    pub max_age: Option<Written<Duration>>,
}

/// A cache as declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CacheDecl {
    /// The name, given or made from the identifier.
    pub name: Written<String>,
    /// The key's type, as written.
    pub key: String,
    /// The value's type, as written.
    pub value: String,
    /// How long entries live.
    pub ttl: Option<Written<Duration>>,
}

/// A mistake that the grammar found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// Its code.
    pub code: String,
    /// Where.
    pub spot: Spot,
    /// What is wrong.
    pub message: String,
    /// Words beside the place.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// Code that the analysis cannot see into.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hidden {
    /// Where.
    pub spot: Spot,
    /// The scope around it.
    pub scope: ScopeId,
    /// When.
    pub cfg: Option<CfgId>,
    /// What.
    pub what: HiddenWhat,
}

/// What cannot be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HiddenWhat {
    /// An attribute like `#[queue]` in a macro's tokens: the macro's name.
    Attribute(String),
    /// `mod name;` in a macro's tokens: the macro's name.
    Module(String),
    /// `include!` of a file.
    Include,
}
