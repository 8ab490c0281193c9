/* clang-format off */
/* The simplest. */
{.name = "two-exclusive", .scripts = {"+X -X", "+X -X"}},
{.name = "two-exclusive-twice", .scripts = {"+X -X +X -X", "+X -X +X -X"}},
{.name = "three-exclusive", .scripts = {"+X -X", "+X -X", "+X -X"}},
{.name = "exclusive-and-try", .scripts = {"+X -X", "+X -X", "?X -X"}},

/* Small enough for every execution there is. */
{.name = "three-tries", .scripts = {"?X -X", "?X -X", "?X -X"}, .tiny = true},
{.name = "two-shared", .table = SHARED, .scripts = {"+S -S", "+S -S"}, .tiny = true},
{.name = "wait-for-one", .scripts = {"-S", "+X -X"}, .table = SHARED, .held = "S", .tiny = true},
{.name = "wait-for-one-or-not", .scripts = {"-S", "~X -X"}, .table = SHARED, .held = "S"},

/* Shared and exclusive, update. */
{.name = "shared-exclusive", .table = SHARED, .scripts = {"+S -S", "+X -X"}},
{.name = "shared-exclusive-twice", .table = SHARED, .scripts = {"+S -S +S -S", "+X -X +X -X"}},
{.name = "two-shared-one-exclusive", .table = SHARED, .scripts = {"+S -S", "+X -X", "+S -S"}},
{.name = "two-exclusive-one-shared", .table = SHARED, .scripts = {"+X -X", "+S -S", "+X -X"}},
{.name = "update", .table = UPDATE, .scripts = {"+U -U", "+S -S", "+X -X"}},
{.name = "two-updates", .table = UPDATE, .scripts = {"+U -U", "+S -S", "+U -U"}},

/* Weights: a heavy head is not passed; parts are given back. */
{.name = "weights", .table = THREE, .scripts = {"+X2 -X1 -X1", "+X3 -X3"}},
{.name = "weights-of-three", .table = THREE, .scripts = {"+X2 -X2", "+X3 -X3", "+X1 -X1"}},

/* X only while fewer than two hold S, S whatever happens. */
{.name = "limits-one-sided", .table = LIMITS, .scripts = {"+S -S", "+X -X", "+S -S"}},
{.name = "limits-reached", .table = LIMITS, .scripts = {"+S2 -S2", "+X -X", "+S3 -S3"}},

/* Predicates. */
{.name = "predicate", .table = RULE, .scripts = {"+S -S", "+X -X"}},
{.name = "predicate-three", .table = RULE, .scripts = {"+S -S", "+X -X", "+S -S"}},
{.name = "predicate-odd", .table = ODD, .scripts = {"+S -S", "+S -S", "+X -X"}},
{.name = "predicate-times-out", .table = ODD, .scripts = {"+S -S", "~X -X", "+S -S"}},

{.name = "predicate-takes-back", .table = PAIR, .scripts = {"-S", "-S", "~X -X"}, .held = "SS.S", .kept = true},

/* Time-outs: against the grant, at the head, in the middle, of all. */
{.name = "time-out-or-grant", .scripts = {"+X -X", "~X -X"}},
{.name = "never-times-out", .scripts = {"+X -X", "=X -X"}},
{.name = "time-out-twice", .scripts = {"+X -X", "~X -X ~X -X"}},
{.name = "head-times-out", .table = SHARED, .scripts = {"+S -S", "~X -X", "+S -S"}},
{.name = "middle-times-out", .scripts = {"+X -X", "~X -X", "+X -X"}},
{.name = "two-time-out", .scripts = {"+X -X", "~X -X", "~X -X"}},
{.name = "one-times-out-one-does-not", .scripts = {"+X -X", "~X -X", "=X -X"}},
{.name = "time-out-and-try", .scripts = {"+X -X", "~X -X", "?X -X"}},
{.name = "time-outs-of-weights", .table = THREE, .scripts = {"+X2 -X2", "~X3 -X3", "+X1 -X1"}},

/* A release by a signal handler in every window of its thread. */
{.name = "signal-in-lock", .table = SHARED, .scripts = {"+S +S -S", "+X -X"}, .handler = "-S"},
{.name = "signal-in-unlock", .table = SHARED, .scripts = {"+S2 -S", "+X -X"}, .handler = "-S"},
{.name = "signal-in-time-out", .table = SHARED, .scripts = {"+S ~S -S", "+X -X"}, .handler = "-S"},
{.name = "signal-among-three", .table = SHARED, .scripts = {"+S2 -S", "+X -X", "+S -S"}, .handler = "-S", .big = true},

/* The last one frees the lock right after its unlock. */
{.name = "freed", .scripts = {"+X ref -X last", "+X ref -X last"}},
{.name = "freed-of-three", .scripts = {"+X ref -X last", "+X ref -X last", "+X ref -X last"}},
{.name = "destroyed", .scripts = {"+X ref -X destroy", "+X ref -X destroy"}},

{.name = "destroyed-by-a-reader", .table = SHARED, .scripts = {"-S", "-S if-idle", "-S"}, .held = "SSS"},

/* Slots: few of them, none left; threads without one. */
{.name = "first-wait", .scripts = {"+X -X", "+X -X"}, .cold = 4},
{.name = "one-slot-for-two", .scripts = {"+X -X", "+X -X"}, .cold = 1},
{.name = "two-slots-for-three", .scripts = {"+X -X", "+X -X", "+X -X"}, .cold = 2, .big = true},
{.name = "one-slot-for-three", .scripts = {"+X -X", "+X -X", "+X -X"}, .cold = 1, .big = true},
{.name = "one-slot-and-time-outs", .scripts = {"+X -X", "~X -X ~X -X"}, .cold = 1},

{.name = "slot-used-again", .scripts = {"+X -X", "~X -X", "+X -X +X -X"}, .cold = 3, .big = true},

{.name = "pool", .scripts = {"new free", "new new free free"}, .cold = 4, .spare = 2},
{.name = "pool-of-three", .scripts = {"new free", "new free", "new new free free"}, .cold = 4, .spare = 2, .big = true},

/* Sleepers that wake for no reason (EINTR looks the same), who spin, who hover. */
{.name = "spurious", .scripts = {"+X -X", "+X -X"}, .spurious = 2},
{.name = "spurious-and-time-out", .scripts = {"+X -X", "~X -X"}, .spurious = 2},
{.name = "spurious-of-three", .scripts = {"+X -X", "+X -X", "~X -X"}, .spurious = 1},
{.name = "spin", .scripts = {"+X -X", "+X -X"}, .spin = 1, .hover = 1},
{.name = "spin-and-time-out", .scripts = {"+X -X", "~X -X"}, .spin = 1, .hover = 1},

/* Tickets that wrap. */
{.name = "wrap", .scripts = {"+X -X +X -X", "+X -X +X -X"}, .ticket = 0xffffffff},
{.name = "wrap-of-three", .table = SHARED, .scripts = {"+X -X", "~S -S", "+S -S"}, .ticket = 0xfffffffe},

/* An observer: who was seen in line is not passed. */
{.name = "seen-in-line", .scripts = {"+X -X", "+X -X", "look ?X -X"}},

{.name = "seen-by-a-fourth", .scripts = {"+X -X", "+X -X", "+X -X", "look look"}, .big = true},
{.name = "seen-all-along", .scripts = {"+X -X +X -X +X -X", "+X -X +X -X", "look look look"}, .big = true},

/* Misuse: a hold that is another's is given back. */
{.name = "given-back-by-another", .table = SHARED, .scripts = {"+S -S", "*S", "+X -X"}, .misuse = true},

/* Four and five at random. */
{.name = "four-mixed", .table = SHARED, .scripts = {"+S -S ~X -X", "+X -X +S -S", "~S -S +X -X", "+S -S ?X -X"}, .big = true},
{.name = "five-mixed", .table = UPDATE, .scripts = {"+S -S ~X -X", "+X -X ~U -U", "~S -S +X -X", "+U -U ?X -X", "+S -S"}, .big = true},
{.name = "five-weights", .table = THREE, .scripts = {"+X2 -X1 -X1", "~X3 -X3", "+X1 -X1 +X1 -X1", "+X2 -X2", "~X1 -X1"}, .big = true},
{.name = "five-predicate", .table = ODD, .scripts = {"+S -S ~X -X", "+X -X +S -S", "~S -S ~X -X", "+S -S ?X -X", "+S -S"}, .big = true},
{.name = "four-freed", .table = SHARED, .scripts = {"+S -S +X ref -X last", "+S -S +X ref -X last", "~S -S +X ref -X last", "+X ref -X last"}, .big = true, .spurious = 1},
	/* clang-format on */
