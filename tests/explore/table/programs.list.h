/* clang-format off */
/* One key: at home. */
{.name = "one-key", .scripts = {"A", "A"}},
{.name = "one-key-twice", .scripts = {"A A", "A A"}},
{.name = "found-when-it-goes", .scripts = {"-a", "A"}, .held = "a", .tiny = true},
{.name = "one-key-of-three", .scripts = {"A", "A", "A"}},

{.name = "one-key-shared", .scripts = {"As", "As"}},
{.name = "one-key-shared-of-three", .scripts = {"As", "A", "As"}},
{.name = "one-key-found-and-locked", .scripts = {"a", "A", "A"}},

/* The slot is READY: its last hold was an exclusive one. */
{.name = "ready", .scripts = {"A", "A"}, .held = "A", .tiny = true},
{.name = "ready-for-another", .scripts = {"A", "B"}, .held = "C"},
{.name = "ready-in-another-mode", .scripts = {"As", "A", "As"}, .held = "A"},
{.name = "ready-for-others-and-back", .scripts = {"A", "B Bs B", "A"}, .held = "A", .big = true},
{.name = "ready-and-far", .scripts = {"-b A", "A A", "Bs B"}, .held = "b", .big = true},
{.name = "ready-for-three", .scripts = {"A B", "B C", "C A"}, .held = "A", .big = true},
{.name = "ready-and-long", .scripts = {"A", "L A", "B"}, .held = "A", .big = true},
{.name = "ready-and-looked-at", .scripts = {"A", "B", "*"}, .held = "A"},

/* The slot is another's: far. */
{.name = "one-key-far", .scripts = {"A", "A"}, .held = "..b", .kept = true},
{.name = "one-key-far-twice", .scripts = {"A A", "A A"}, .held = "..b", .kept = true},
{.name = "one-key-far-of-three", .scripts = {"A", "A", "A"}, .held = "...b", .kept = true},

/* Two keys of a slot. */
{.name = "two-keys", .scripts = {"A", "B"}},
{.name = "two-keys-twice", .scripts = {"A A", "B B"}},
{.name = "two-keys-crosswise", .scripts = {"A B", "B A"}},
{.name = "two-keys-together", .scripts = {"+a B -a", "+b A -b"}},
{.name = "three-keys", .scripts = {"A", "B", "C"}},
{.name = "two-keys-of-three", .scripts = {"A", "B", "A"}},

/* Far or at home: the slot becomes free meanwhile. */
{.name = "slot-gets-free", .scripts = {"-b", "A", "A"}, .held = "b"},
{.name = "slot-gets-free-twice", .scripts = {"-b", "A A", "A"}, .held = "b"},
{.name = "slot-is-taken-again", .scripts = {"-b B", "A", "A"}, .held = "b"},
{.name = "slot-gets-free-and-is-used", .scripts = {"-b A", "A", "A A"}, .held = "b"},
{.name = "slot-gets-free-for-one", .scripts = {"-b", "A A"}, .held = "b", .tiny = true},
{.name = "slot-of-four", .scripts = {"-b", "A", "A", "A"}, .held = "b", .big = true},

/* A key that is far already, of a slot that gets free. */
{.name = "far-while-slot-gets-free", .scripts = {"-b", "-a A", "A"}, .held = "ba"},
{.name = "far-goes", .scripts = {"-b", "-a", "A A"}, .held = "ba"},
{.name = "two-far", .scripts = {"-b", "-a", "A", "C"}, .held = "ba", .big = true},

/* Bytes. */
{.name = "long-key", .scripts = {"L L", "L"}},
{.name = "long-keys-that-collide", .scripts = {"L", "M"}},
{.name = "long-keys-that-collide-twice", .scripts = {"L L", "M M"}},
{.name = "long-keys-of-three", .scripts = {"L", "M", "L"}},
{.name = "long-and-short", .scripts = {"L A", "S", "L"}, .big = true},
{.name = "long-slot-gets-free", .scripts = {"-m", "L", "L"}, .held = "m"},

/* No memory. */
{.name = "no-memory", .scripts = {"!l L", "L"}},
{.name = "no-memory-far", .scripts = {"-b", "!a A", "A"}, .held = "b"},
{.name = "no-memory-beside-far", .scripts = {"-b", "!l", "A L"}, .held = "b"},

/* A look at all. */
{.name = "look", .scripts = {"A", "*"}, .tiny = true},
{.name = "look-beside-two", .scripts = {"A", "B", "*"}},
{.name = "look-at-far", .scripts = {"-b", "-a", "*"}, .held = "ba"},
{.name = "look-at-far-that-comes", .scripts = {"-b", "A", "*"}, .held = "b"},
{.name = "look-at-what-stays", .scripts = {"-b B", "*"}, .held = "b.a", .kept = true},
{.name = "look-at-long", .scripts = {"L L", "*"}},
{.name = "look-at-one", .scripts = {"-b", "-a", "*1"}, .held = "ba"},
{.name = "look-at-two-slots", .table = 1, .scripts = {"A D", "D A", "*"}, .big = true},

/* More of all. */
{.name = "many-of-two", .scripts = {"A B A", "B A B", "A A"}, .big = true},
{.name = "many-of-three", .scripts = {"A B C", "B C A", "C A B"}, .big = true},
{.name = "many-of-four", .scripts = {"A B", "B A", "A", "B A"}, .big = true},
{.name = "many-long", .scripts = {"L M A", "M L", "A L"}, .big = true},
{.name = "many-and-look", .scripts = {"A B", "B A", "A", "* *"}, .big = true},
{.name = "many-without-memory", .scripts = {"A !b L", "!a B", "!l A"}, .big = true},
