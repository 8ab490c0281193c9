/* clang-format off */
/* The simplest. */
{.name = "two-exclusive", .scripts = {"+X -X", "+X -X"}},
{.name = "two-exclusive-twice", .scripts = {"+X -X +X -X", "+X -X +X -X"}},
{.name = "three-exclusive", .scripts = {"+X -X", "+X -X", "+X -X"}},
{.name = "exclusive-and-try", .scripts = {"+X -X", "+X -X", "?X -X"}},

/* Small enough for every execution there is, wait-for-one in the stress suite. */
{.name = "three-tries", .scripts = {"?X -X", "?X -X", "?X -X"}, .tiny = true},
{.name = "two-shared", .table = SHARED, .scripts = {"+S -S", "+S -S"}, .tiny = true},
{.name = "wait-for-one", .scripts = {"-S", "+X -X"}, .table = SHARED, .held = "S"},
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

/* Sleepers that wake for no reason (EINTR looks the same), that spin, that yield. */
{.name = "spurious", .scripts = {"+X -X", "+X -X"}, .spurious = 2},
{.name = "spurious-and-time-out", .scripts = {"+X -X", "~X -X"}, .spurious = 2},
{.name = "spurious-of-three", .scripts = {"+X -X", "+X -X", "~X -X"}, .spurious = 1},
{.name = "spin", .scripts = {"+X -X", "+X -X"}, .spin = 1, .yields = 1},
{.name = "spin-and-time-out", .scripts = {"+X -X", "~X -X"}, .spin = 1, .yields = 1},

/* Tickets that wrap. */
{.name = "wrap", .scripts = {"+X -X +X -X", "+X -X +X -X"}, .ticket = 0xffffffff},
{.name = "wrap-of-three", .table = SHARED, .scripts = {"+X -X", "~S -S", "+S -S"}, .ticket = 0xfffffffe},

/* An observer: a request that was seen in line is not passed. */
{.name = "seen-in-line", .scripts = {"+X -X", "+X -X", "look ?X -X"}},

{.name = "seen-by-a-fourth", .scripts = {"+X -X", "+X -X", "+X -X", "look look"}, .big = true},
{.name = "seen-all-along", .scripts = {"+X -X +X -X +X -X", "+X -X +X -X", "look look look"}, .big = true},

/* Requests with a callback: against the unlock, the cancel, both; a callback that grants
 * the next; its memory is not touched after it. */
{.name = "request", .scripts = {">X", "+X -X"}},
{.name = "request-or-unlock-or-cancel", .scripts = {">X cancel", "-X"}, .held = ".X"},
{.name = "request-cancelled-in-line", .scripts = {">X cancel", "+X -X"}},
{.name = "two-requests", .scripts = {">X", ">X"}},
{.name = "request-twice", .scripts = {">X >X", "-X"}, .held = ".X"},
{.name = "cancelled-by-another", .scripts = {">X pub", "cancel0", "-X"}, .held = "..X"},
{.name = "two-cancels", .scripts = {">X pub cancel", "cancel0", "-X"}, .held = "..X"},
{.name = "cancel-while-slot-used-again", .scripts = {">X cancel", "-X >X", "+X -X"}, .held = ".X"},
{.name = "slot-used-again-behind-the-same", .scripts = {"+X -X +X -X", ">X", "-X +X >X -X"}, .held = "..X"},
{.name = "cancel-lets-in", .table = SHARED, .scripts = {">X cancel", "+S -S"}, .held = "S", .kept = true},
{.name = "cancel-or-taken-back", .table = PAIR, .scripts = {"-S", "-S", ">X cancel"}, .held = "SS.S", .kept = true},
{.name = "callback-locks", .table = SHARED, .scripts = {">S", "-X"}, .held = ".X", .callback = "-S +S -S"},
{.name = "callback-asks", .scripts = {">X", "-X", "+X -X"}, .held = ".X", .callback = "-X"},
{.name = "waited-for", .scripts = {"@X wait -X", "+X -X"}},
{.name = "waited-for-a-while", .scripts = {"@X wait~ cancel poll -X", "+X -X"}},
{.name = "polled", .scripts = {"@X poll poll wait -X", "+X -X"}},
{.name = "requests-of-three", .scripts = {">X", ">X cancel", "+X -X"}},

/* Closed, opened: against those in line, those that come, those that leave. */
{.name = "close", .scripts = {"+X -X", "close"}, .tiny = true},
{.name = "close-in-line", .scripts = {"+X -X", "close"}, .held = "..X", .kept = true},
{.name = "close-or-time-out", .scripts = {"~X -X", "close"}, .held = "..X", .kept = true},
{.name = "close-or-grant", .scripts = {"+X -X", "-X", "close"}, .held = ".X"},
{.name = "close-or-grant-or-time-out", .scripts = {"~X -X", "-X", "close"}, .held = ".X"},
{.name = "close-and-request", .scripts = {">X cancel", "-X close"}, .held = ".X"},
{.name = "close-and-try", .scripts = {"?X -X +X -X", "close"}},
{.name = "reopen", .scripts = {"+X -X", "close reopen"}},
{.name = "reopen-and-try", .scripts = {"?X -X", "close reopen ?X -X"}},
{.name = "close-or-reopen", .scripts = {"+X -X", "close", "reopen"}},
{.name = "two-close", .scripts = {"close ?X -X", "close reopen ?X -X"}},
{.name = "reopen-then-ask", .scripts = {"close reopen +X -X", "+X -X", "-X"}, .held = "..X"},
{.name = "reopen-then-ask-of-two", .scripts = {"close reopen +X -X", "+X -X"}},
{.name = "close-then-ask", .scripts = {"close +X -X", "+X -X"}},

/* Conversions: go before the line, past it if they can; two that wait for each other. */
{.name = "convert-up", .table = UPDATE, .scripts = {"U:X -X -U", "-S"}, .held = "US"},
{.name = "convert-up-and-arrival", .table = UPDATE, .scripts = {"U:X -X -U", "-S", "+S -S"}, .held = "US"},
{.name = "convert-up-times-out", .table = UPDATE, .scripts = {"U~X -X -U", "-S"}, .held = "US"},
{.name = "convert-up-leaves-the-head", .table = UPDATE, .scripts = {"U~X -X -U", "+S -S"}, .held = "U.S", .kept = true},
{.name = "try-to-convert", .table = UPDATE, .scripts = {"U?X -X -U", "-S"}, .held = "US", .tiny = true},
{.name = "convert-before-the-line", .table = SHARED, .scripts = {"S:X -X -S", "+X -X", "-S"}, .held = "S.S"},
{.name = "try-to-convert-under-a-scan", .table = SHARED, .scripts = {"S?X -X -S", "~X -X", "+S -S"}, .held = "S"},
{.name = "convert-after-one-has-left", .table = SHARED, .scripts = {"S~X", "S~X -X -S", "~S -S"}, .held = "SS.", .kept = true},
{.name = "two-convert-one-by-one", .table = LIMITS, .scripts = {"S:X -X -S", "S:X -X -S", "-S"}, .held = "SSS"},
{.name = "two-convert", .table = SHARED, .scripts = {"S:X -X -S", "S:X -X -S"}, .held = "SS"},
{.name = "two-convert-one-times-out", .table = SHARED, .scripts = {"S~X -X -S", "S:X -X -S"}, .held = "SS"},
{.name = "two-convert-under-a-scan", .table = SHARED, .scripts = {"S~X -X -S", "S:X -X -S", "+S -S"}, .held = "SS."},
{.name = "two-convert-beside-a-third", .table = SHARED, .scripts = {"S:X -X -S", "S:X -X -S", "-S"}, .held = "SSS"},
{.name = "three-convert", .table = SHARED, .scripts = {"S:X -X -S", "S:X -X -S", "S:X -X -S"}, .held = "SSS"},
{.name = "convert-down", .table = SHARED, .scripts = {"X:S -S", "+S -S"}, .held = "X"},
{.name = "convert-down-under-a-scan", .table = SHARED, .scripts = {"X:S -S", "+S -S", "+S -S"}, .held = "X"},
{.name = "convert-twice-under-a-scan", .table = LIMITS, .scripts = {"X:S S:X -X -S", "-S", "+X -X -S"}, .held = "XSS"},
{.name = "convert-under-a-scan", .table = UPDATE, .scripts = {"U:X -X", "-S", "+S -S"}, .held = "US"},
{.name = "convert-and-lock", .table = UPDATE, .scripts = {"+U U:X -X -U", "+S -S"}},
{.name = "convert-and-close", .table = UPDATE, .scripts = {"U:X -X -U", "close -S"}, .held = "US"},
{.name = "convert-by-rule", .table = RULE, .scripts = {"S:X -X -S", "-S", "+S -S"}, .held = "SS"},

/* Sections: run by others, or not; against lockers, closing; freed right after. */
{.name = "two-run", .scripts = {"!X", "!X"}},
{.name = "two-run-twice", .scripts = {"!X !X", "!X !X"}},
{.name = "run-and-lock", .scripts = {"!X", "+X -X"}},
{.name = "run-and-close", .scripts = {"!X", "close"}},
{.name = "run-of-two-and-unlock", .scripts = {"!X", "!X", "-X"}, .held = "..X"},
{.name = "run-of-three", .scripts = {"!X", "!X", "!X"}},
{.name = "run-of-four", .scripts = {"!X", "!X", "!X", "!X"}, .big = true},
{.name = "run-of-four-and-lock", .scripts = {"!X", "!X", "!X", "!X", "+X -X"}, .big = true},
{.name = "run-and-lock-of-three", .scripts = {"!X", "+X -X", "!X"}},
{.name = "run-and-time-out", .scripts = {"!X", "~X -X", "!X"}},
{.name = "run-and-close-of-three", .scripts = {"!X", "!X", "close"}},
{.name = "run-shared", .table = SHARED, .scripts = {"!S", "!X", "+S -S"}},
{.name = "run-and-request", .scripts = {"!X", ">X cancel"}},
{.name = "run-freed", .scripts = {"!Xref last", "!Xref last"}},
{.name = "run-freed-by-a-locker", .scripts = {"!Xref last", "+X ref -X last"}},
{.name = "run-and-falls-asleep", .scripts = {"!X", "!X", "!X"}, .yields = 1},
{.name = "run-twice-and-falls-asleep", .scripts = {"!X !X", "!X !X", "!X"}, .yields = 1, .big = true},
{.name = "two-run-expecting", .scripts = {"!X", "!X"}, .waited = true},
{.name = "two-run-twice-expecting", .scripts = {"!X !X", "!X !X"}, .waited = true},
{.name = "run-of-three-expecting", .scripts = {"!X", "!X", "!X"}, .waited = true},
{.name = "run-of-four-expecting", .scripts = {"!X", "!X", "!X", "!X"}, .waited = true, .big = true},
{.name = "run-and-lock-expecting", .scripts = {"!X", "+X -X", "!X"}, .waited = true},
{.name = "run-of-four-and-lock-expecting", .scripts = {"!X", "!X", "!X", "!X", "+X -X"}, .waited = true, .big = true},
{.name = "run-and-close-expecting", .scripts = {"!X", "!X", "close"}, .waited = true},
{.name = "run-and-reopen-expecting", .scripts = {"!X !X", "!X", "close reopen"}, .waited = true, .big = true},
{.name = "run-and-limit-expecting", .scripts = {"limit1 !X", "!X", "+X -X"}, .waited = true, .big = true},
{.name = "run-and-seen-expecting", .scripts = {"!X", "-X", "look ?X -X"}, .held = ".X", .waited = true},
{.name = "run-and-look-expecting", .scripts = {"!X", "!X", "snap #X"}, .waited = true, .big = true},
{.name = "run-shared-expecting", .table = SHARED, .scripts = {"!S", "!X", "+S -S"}, .waited = true},
{.name = "run-freed-expecting", .scripts = {"!Xref last", "!Xref last"}, .waited = true},
{.name = "run-freed-by-a-locker-expecting", .scripts = {"!Xref last", "+X ref -X last"}, .waited = true},
{.name = "run-callback-expecting", .scripts = {"!X", ">X", "!X"}, .waited = true, .big = true},
{.name = "run-first-wait-expecting", .scripts = {"!X", "!X"}, .cold = 1, .waited = true},
{.name = "run-twice-and-falls-asleep-expecting", .scripts = {"!X !X", "!X !X", "!X"}, .yields = 1, .waited = true, .big = true},
{.name = "run-later", .scripts = {"&X", "!X"}},
{.name = "run-later-and-unlock", .scripts = {"&X", "-X &X"}, .held = ".X"},
{.name = "run-first-wait", .scripts = {"!X", "!X"}, .cold = 1},

/* ... the role resting with the server between two sections: against a departure, a closing, a look;
 * the server left behind; the lock freed by the last one served. */
{.name = "served-and-time-out", .scripts = {"!X", "!X", "!X", "~X -X ~X -X"}, .big = true},
{.name = "served-in-rows", .scripts = {"!X", "!X !X", "!X !X", "!X", "!X"}, .big = true},
{.name = "served-in-rows-and-falls-asleep", .scripts = {"!X", "!X", "!X", "!X !X", "!X !X"}, .yields = 1, .big = true},
{.name = "served-in-rows-and-time-out", .scripts = {"!X", "!X", "!X !X", "!X !X", "~X -X ~X -X"}, .big = true},
{.name = "served-in-rows-and-close", .scripts = {"!X", "!X", "!X", "!X", "close reopen"}, .big = true},
{.name = "served-in-rows-and-snapshot", .scripts = {"!X", "!X", "!X !X", "!X !X", "snap snap"}, .big = true},
{.name = "served-in-rows-and-slots-used-again", .scripts = {"!X !X", "!X 2!X", "!X 2!X !X", "!X !X", "~X -X"}, .cold = 8, .big = true},
{.name = "served-in-rows-and-freed", .scripts = {"!X +X ref -X last", "!X +X ref -X last", "!X +X ref -X last", "!X +X ref -X last", "!X +X ref -X last"}, .big = true},
{.name = "served-and-close", .scripts = {"!X", "!X", "!X", "close reopen"}, .big = true},
{.name = "served-and-seen", .scripts = {"!X", "!X", "!X", "look ?X -X"}, .big = true},
{.name = "served-and-snapshot", .scripts = {"!X", "!X", "!X", "snap snap"}, .big = true},
{.name = "served-and-request", .scripts = {"!X", "!X", "!X", ">X cancel"}, .big = true},
{.name = "served-and-slots-used-again", .scripts = {"!X !X", "!X 2!X", "!X !X", "~X -X"}, .cold = 7, .big = true},
{.name = "served-by-who-stood-before", .scripts = {"!X", "!X", "!X", "-X"}, .held = "...X"},
{.name = "served-and-freed", .scripts = {"!X +X ref -X last", "!X +X ref -X last", "!X +X ref -X last"}},
{.name = "served-and-freed-and-left", .scripts = {"!X +X ref -X last", "!X +X ref -X last", "!X +X ref -X last", "~X -X +X ref -X last"}, .big = true},

/* ... and the line is there when the first of them, or a holder, gives the lock back: it is served in rows of one,
 * two, three.  Owners are asleep, or about to look. */
{.name = "row", .scripts = {"!X", "!X", "!X", "!X"}, .first = "0:lock.word 0:lock.word 1s 2s 3s"},
{.name = "row-behind-a-holder", .scripts = {"!X", "!X", "!X", "!X", "-X"}, .held = "....X", .first = "0s 1s 2s 3s"},
{.name = "row-of-three", .scripts = {"!X", "!X", "!X", "!X", "!X", "!X", "!X"}, .first = "0:lock.word 0:lock.word 1s 2s 3s 4s 5s 6s"},
{.name = "row-and-falls-asleep", .scripts = {"!X", "!X", "!X", "!X"}, .first = "0:lock.word 0:lock.word 1s 2:acquire_slot3.word 3s"},
{.name = "row-and-first-falls-asleep", .scripts = {"!X", "!X", "!X", "!X"}, .first = "0:lock.word 0:lock.word 1:acquire_slot2.word 2s 3s"},
{.name = "row-and-last-falls-asleep", .scripts = {"!X", "!X", "!X", "!X"}, .first = "0:lock.word 0:lock.word 1s 2s 3:acquire_slot4.word"},
{.name = "row-and-all-fall-asleep", .scripts = {"!X", "!X", "!X", "!X"}, .first = "0:lock.word 0:lock.word 1:acquire_slot2.word 2:acquire_slot3.word 3:acquire_slot4.word", .big = true},
{.name = "row-and-one-comes", .scripts = {"!X", "!X", "!X", "!X"}, .first = "0:lock.word 0:lock.word 1s 2s"},
{.name = "row-and-comes-again", .scripts = {"!X", "!X", "!X !X", "!X"}, .first = "0:lock.word 0:lock.word 1s 2s 3s"},
{.name = "row-and-all-expect", .scripts = {"!X", "!X", "!X", "!X"}, .waited = true, .first = "0:lock.word 0:lock.word 0:lock.word 1s 2s"},
{.name = "row-and-lock", .scripts = {"!X", "!X", "!X", "!X", "+X -X"}, .first = "0:lock.word 0:lock.word 1s 2s 3s 4s"},
{.name = "row-of-one-and-lock", .scripts = {"!X", "!X", "!X", "+X -X", "!X"}, .first = "0:lock.word 0:lock.word 1s 2s 3s 4s"},
{.name = "row-and-time-out", .scripts = {"!X", "!X", "!X", "!X", "~X -X"}, .first = "0:lock.word 0:lock.word 1s 2s 3s 4s"},
{.name = "row-and-time-out-in-it", .scripts = {"!X", "!X", "!X", "~X -X", "!X"}, .first = "0:lock.word 0:lock.word 1s 2s 3s 4s"},
{.name = "row-and-close", .scripts = {"!X", "!X", "!X", "!X", "close"}, .first = "0:lock.word 0:lock.word 1s 2s 3s"},
{.name = "row-and-close-and-open", .scripts = {"!X", "!X", "!X", "!X", "close reopen"}, .first = "0:lock.word 0:lock.word 1s 2s 3s"},
{.name = "row-and-snapshot", .scripts = {"!X", "!X", "!X", "!X", "snap"}, .first = "0:lock.word 0:lock.word 1s 2s 3s"},
{.name = "row-and-position", .scripts = {"!X", "!X", "!X", "!X", "@X pos wait -X"}, .first = "0:lock.word 0:lock.word 1s 2s 3s"},
{.name = "row-and-seen", .scripts = {"!X", "!X", "!X", "!X", "look ?X -X"}, .first = "0:lock.word 0:lock.word 1s 2s 3s"},
{.name = "row-limited", .scripts = {"!X", "!X", "!X", "!X"}, .row = 1, .first = "0:lock.word 0:lock.word 1s 2s 3s"},
{.name = "row-limited-to-two", .scripts = {"!X", "!X", "!X", "!X", "!X", "!X"}, .row = 2, .first = "0:lock.word 0:lock.word 1s 2s 3s 4s 5s"},
{.name = "row-limited-and-close", .scripts = {"!X", "!X", "!X", "!X", "!X", "close"}, .row = 2, .first = "0:lock.word 0:lock.word 1s 2s 3s 4s"},
{.name = "row-freed", .scripts = {"!Xref last", "!Xref last", "!Xref last", "!Xref last"}, .first = "0:lock.word 0:lock.word 1s 2s 3s"},

/* Conditions: a signal finds the waiter, and moves it; several, first come; a signal against a
 * time-out; a broadcast; with shared holds; a callback beside the guard; a full line; a hold
 * that is not there; closed; the lock freed by the waiter. */
{.name = "cond", .scripts = {"%X -X", "+X put signal -X"}, .held = "X"},
{.name = "cond-signalled-without-the-lock", .scripts = {"%X -X", "+X put -X signal"}, .held = "X"},
{.name = "cond-no-signal", .scripts = {"%~X -X", "+X -X"}, .held = "X"},
{.name = "cond-signal-or-time-out", .scripts = {"%~X -X", "signal"}, .held = "X"},
{.name = "cond-two-wait", .scripts = {"%X -X", "+X %X -X", "+X put signal -X +X put signal -X"}, .held = "X"},
{.name = "cond-two-wait-in-order", .table = SHARED, .scripts = {"%1S -S", "%1~S -S", "+X signal signal -X"}, .held = "SS"},
{.name = "cond-broadcast", .scripts = {"%X -X", "+X %X -X", "+X open broadcast -X"}, .held = "X"},
{.name = "cond-two-signals", .scripts = {"%~X -X", "+X %~X -X", "signal", "signal"}, .held = "X", .big = true},
{.name = "cond-shared", .table = SHARED, .scripts = {"%S -S", "+X open -X broadcast", "+S -S"}, .held = "S"},
{.name = "cond-two-modes", .table = SHARED, .scripts = {"%S -S", "+X %X -X", "+X open broadcast -X"}, .held = "S"},
{.name = "cond-callback", .scripts = {"%X -X", ">X"}, .held = "X", .callback = "put signal -X"},
{.name = "cond-callback-beside-the-guard", .table = SHARED, .scripts = {"%S -S", "+X open -X signal", ">S"}, .held = "S", .callback = "signal -S"},
{.name = "cond-callback-beside-the-guard-of-two", .table = SHARED, .scripts = {"%S -S", "+S %S -S", "+X open -X broadcast", ">S"}, .held = "S", .callback = "signal -S", .big = true},
{.name = "cond-full", .scripts = {"%~X -X", "+X put signal -X", "+X -X"}, .held = "X", .limit = 1},
{.name = "cond-hold-not-there", .table = SHARED, .scripts = {"%1~S -S", "*S", "signal"}, .held = "S", .misuse = true},
{.name = "cond-hold-not-there-of-two", .table = SHARED, .scripts = {"%1~S", "%1~S", "*S signal"}, .held = "S.", .misuse = true},
{.name = "cond-closed", .scripts = {"%X -X", "close"}, .held = "X"},
{.name = "cond-closed-or-time-out", .scripts = {"%~X -X", "close"}, .held = "X"},
{.name = "cond-closed-or-signalled", .scripts = {"%X -X", "close", "signal"}, .held = "X"},
{.name = "cond-closed-and-signalled", .table = SHARED, .scripts = {"%S -S", "%S -S", "close signal"}, .held = "SS"},
{.name = "cond-closed-and-opened", .scripts = {"%~X -X", "close reopen"}, .held = "X"},
{.name = "cond-closed-and-slots", .scripts = {"%X -X", "+X -X ~X -X", "close"}, .held = "X"},
{.name = "cond-another-lock-is-closed", .scripts = {"2+X 2%1~X 2-X", "close"}},
{.name = "cond-roused-for-an-earlier-wait", .scripts = {"%1~X -X 2+X 2%1X 2-X", "close 2close"}, .held = "X"},
{.name = "cond-closed-and-callback", .scripts = {"%X -X", ">X", "close"}, .held = "X", .callback = "put signal -X"},
{.name = "cond-freed-by-the-waiter", .scripts = {"%X ref -X last", "+X put -X signal"}, .held = "X"},
{.name = "cond-and-convert", .table = UPDATE, .scripts = {"%U -U", "S:X open signal -X"}, .held = "US"},

/* Looks: a snapshot, a position, whether any thread is kept out. */
{.name = "snapshot", .table = SHARED, .scripts = {"+S -S", "+X -X", "snap"}},
{.name = "snapshot-of-a-line", .table = SHARED, .scripts = {"+X -X", "-S", "snap snap"}, .held = ".S"},
{.name = "snapshot-and-time-out", .table = SHARED, .scripts = {"~X -X", "-S", "snap"}, .held = ".S"},
{.name = "snapshot-and-convert", .table = UPDATE, .scripts = {"U:X X:S -S", "-S", "snap"}, .held = "US"},
{.name = "snapshot-and-convert-at-once", .table = UPDATE, .scripts = {"U?S S?U U:S -S", "+X -X", "snap"}, .held = "U"},
{.name = "snapshot-and-close", .scripts = {"-X close reopen", "+X -X", "snap"}, .held = "X"},
{.name = "snapshot-and-close-free", .table = SHARED, .scripts = {"-S close -S reopen", "snap"}, .held = "S"},
{.name = "position", .scripts = {"@X pos wait -X", "+X -X", "-X"}, .held = "..X"},
{.name = "position-behind-a-conversion", .table = SHARED, .scripts = {"@X pos wait -X", "S:X -X", "-S"}, .held = ".SS"},
{.name = "position-and-time-out", .table = SHARED, .scripts = {"@X pos wait~ pos cancel poll -X", "~X -X", "-S"}, .held = "..S"},
{.name = "contended", .table = SHARED, .scripts = {"#S -S", "~X -X", "+S -S"}, .held = "S"},
{.name = "contended-by-a-conversion", .table = UPDATE, .scripts = {"U:X -X", "#U #S -S"}, .held = "US"},
{.name = "contended-by-one-of-two", .table = LIMITS, .scripts = {"#S -S", "-S", "+X -X"}, .held = "SS"},

/* A batch put back behind a conversion that has come meanwhile. */
{.name = "put-back", .table = LIMITS, .scripts = {"~X", ">S S:X", "X:S"}, .held = ".SX", .kept = true},
{.name = "put-back-of-four", .table = LIMITS, .scripts = {"~X", "+S -S", "S:X", "X:S"}, .held = "..SX", .kept = true, .big = true},
{.name = "put-back-before-others", .table = LIMITS, .scripts = {"~X", ">S S~X", ">X X:S cancel"}, .held = "SSX", .kept = true, .big = true},
{.name = "put-back-two", .table = LIMITS, .scripts = {"~X", ">S >S S:X", "X:S"}, .held = ".SX", .kept = true},

/* The role of the scanner rests with a holder: it is passed on, on one lock and on two, whose slots
 * are used again; against a time-out of the next one, and a departure further back; a closing; a
 * look; a release by another thread; the end of the thread that keeps it. */
{.name = "kept", .scripts = {"-X +X -X", "+X -X", "+X -X"}, .held = "X"},
{.name = "kept-and-slots-used-again", .scripts = {"+X -X +X -X", "+X -X +X -X", "+X -X"}, .big = true},
{.name = "kept-on-two-locks", .scripts = {"+X -X 2+X 2-X", "2+X 2-X +X -X", "+X 2+X 2-X -X"}, .big = true},
{.name = "kept-for-ever-in-turn", .scripts = {"+X -X +X -X +X -X", "+X -X +X -X +X -X", "+X -X +X -X +X -X", "+X -X +X -X"}, .big = true},
{.name = "kept-and-heir-times-out", .scripts = {"-X", "+X -X", "~X -X"}, .held = "X"},
{.name = "kept-and-another-times-out", .scripts = {"-X", "+X -X", "+X -X", "~X -X"}, .held = "X", .big = true},
{.name = "kept-and-all-time-out", .scripts = {"-X", "~X -X", "~X -X", "~X -X"}, .held = "X", .big = true},
{.name = "kept-and-close", .scripts = {"-X", "+X -X", "+X -X", "close"}, .held = "X", .big = true},
{.name = "kept-and-close-of-two", .scripts = {"-X", "+X -X", "close"}, .held = "X"},
{.name = "kept-and-close-and-open", .scripts = {"-X", "+X -X", "+X -X", "close reopen ?X -X"}, .held = "X", .big = true},
{.name = "kept-and-seen", .scripts = {"-X", "+X -X", "+X -X", "look ?X -X"}, .held = "X", .big = true},
{.name = "kept-and-seen-twice", .scripts = {"+X -X +X -X", "+X -X +X -X", "+X -X", "look look look ?X -X"}, .big = true},
{.name = "kept-and-snapshot", .scripts = {"-X", "+X -X", "+X -X", "snap snap"}, .held = "X", .big = true},
{.name = "kept-and-contended", .scripts = {"-X", "+X #X -X", "+X #X -X"}, .held = "X"},
{.name = "position-of-two", .scripts = {"+X -X", "+X -X", ">X pos cancel", "-X"}, .held = "...X", .big = true},
{.name = "position-behind-a-run", .scripts = {"!X", ">X pos cancel", "-X"}, .held = "..X", .big = true},
{.name = "given-twice-and-close", .scripts = {"+X -X +X -X", "+X -X", "-X close", "+X -X"}, .held = "..X", .big = true},
{.name = "kept-and-position", .scripts = {"-X", "+X -X", "@X pos pos wait -X", "+X -X"}, .held = "X", .big = true},
{.name = "kept-and-tried", .scripts = {"-X", "+X -X", "+X -X ?X -X"}, .held = "X"},
{.name = "kept-and-handed", .scripts = {"+X hand", "hand", "-X", "+X -X"}, .held = "..X", .big = true},
{.name = "kept-and-handed-of-two", .scripts = {"+X hand", "hand", "+X -X"}},
{.name = "kept-and-handed-and-waits", .scripts = {"+X hand 2+X 2-X", "2+X hand 2-X", "+X -X"}},
{.name = "kept-and-handed-and-asks", .scripts = {"+X hand +X -X", "hand +X -X", "-X"}, .held = "..X", .big = true},
{.name = "kept-and-given-back-by-another", .scripts = {"+X -X", "*X", "+X -X", "+X -X"}, .misuse = true, .big = true},
{.name = "kept-by-who-waits-elsewhere", .scripts = {"+X 2+X 2-X -X", "+X -X", "2+X 2-X"}},
{.name = "kept-twice-by-one", .scripts = {"+X 2+X 2-X -X", "+X -X 2+X 2-X", "+X 2+X -X 2-X"}, .big = true},
{.name = "kept-by-who-ends", .scripts = {"+X hand", "hand +X -X", "+X -X"}, .cold = 6, .big = true},
{.name = "kept-by-who-ends-of-two", .scripts = {"+X hand", "hand", "-X +X -X"}, .held = "..X", .cold = 6, .big = true},
{.name = "kept-and-slots-of-the-pool", .scripts = {"+X 2+X 2-X -X", "+X -X 2+X 2-X", "+X -X"}, .cold = 5, .big = true},
{.name = "kept-and-one-slot-for-three", .scripts = {"-X +X -X", "+X -X", "+X -X"}, .held = "X", .cold = 2, .big = true},
{.name = "kept-and-freed", .scripts = {"-X +X ref -X last", "+X ref -X last", "+X ref -X last"}, .held = "X"},
{.name = "kept-and-freed-and-left", .scripts = {"+X ref -X last", "+X ref -X last", "+X ref -X last", "~X -X +X ref -X last"}, .big = true},
{.name = "kept-and-destroyed", .scripts = {"+X ref -X destroy", "+X ref -X destroy", "+X ref -X destroy"}, .big = true},
{.name = "kept-and-wrap", .scripts = {"-X +X -X", "+X -X", "+X -X", "look"}, .held = "X", .ticket = 0xfffffffe, .big = true},

/* ... a closing that finds it on its way to an heir: at once; the one before has not said where it is; the slot
 * has been used again, by another thread, since its note was read; an old hint leads elsewhere. */
{.name = "given-and-time-out", .scripts = {"+X -X", "~X -X", "-X"}, .held = "..X", .first = "0s 1s 2e 0:below", .tiny = true},
{.name = "given-and-close", .scripts = {"+X -X", "+X -X", "-X close", "+X -X"}, .held = "..X", .first = "0s 1s 3s 2:load_lock.control 0:below"},
{.name = "given-unpublished-and-close", .scripts = {"+X -X", "+X -X", "-X close", "+X -X"}, .held = "..X", .first = "0s 1s 3s 2:load_lock.control 0:below 0:role.c 1:release_slot4.note"},
{.name = "given-by-another-and-close", .scripts = {"+X -X", "+X -X", "-X close", "+X -X", "+X -X", "+X -X"}, .held = "..X", .cold = 8, .first = "0s 1s 3:pool.free 4:pool.free 5:pool.free 2:load_lock.control 2:lock.word 0:below 2:below 0e 3s 1e 2:note 4s 5s 3:below 2e"},
{.name = "given-past-an-old-hint-and-close", .scripts = {"+X -X +X -X", "+X -X", ">X close", "-X", "+X -X", "+X -X"}, .held = "...X", .first = "0s 2:slot1.hint 1s 3e 0s 4s 5s 1e 0:below 2e"},

/* ... but not with none in line. */
{.name = "unpaid", .scripts = {"+X -X", "+X -X", "+X -X"}, .unpaid = true, .big = true},
{.name = "unpaid-of-two", .scripts = {"+X -X +X -X", "+X -X +X -X"}, .unpaid = true},
{.name = "unpaid-and-time-out", .scripts = {"+X -X", "~X -X", "~X -X"}, .unpaid = true, .big = true},
{.name = "unpaid-and-close", .scripts = {"-X", "+X -X", "close"}, .held = "X", .unpaid = true},

/* ... and a signal handler of that thread: its unlock, its close, look and try, in every window. */
{.name = "kept-and-signal", .scripts = {"+X 2+X 2-X -X", "+X -X", "-X"}, .held = "..X", .handler = "-X", .big = true},
{.name = "kept-and-signal-closes", .scripts = {"+X -X", "+X -X", "-X"}, .held = "..X", .handler = "close", .late = true, .big = true},
{.name = "kept-and-signal-looks", .scripts = {"+X -X", "+X -X", "-X"}, .held = "..X", .handler = "look", .late = true, .big = true},
{.name = "kept-and-signal-tries", .scripts = {"+X -X", "+X -X", "-X"}, .held = "..X", .handler = "?X -X", .late = true, .big = true},
{.name = "kept-and-signal-closes-and-time-out", .scripts = {"+X -X", "~X -X", "-X"}, .held = "..X", .handler = "close look", .late = true, .big = true},

/* ... and where it ends: shared holds, a limit, conversions, bumps, requests, conditions. */
{.name = "kept-beside-shared", .table = SHARED, .scripts = {"-X", "+S -S", "+X -X", "+S -S"}, .held = "X", .big = true},
{.name = "kept-then-shared", .table = SHARED, .scripts = {"-X", "+X -X", "+S -S"}, .held = "X"},
{.name = "kept-and-shared-times-out", .table = SHARED, .scripts = {"-X", "+X -X", "~S -S", "+X -X"}, .held = "X", .big = true},
{.name = "kept-and-update", .table = UPDATE, .scripts = {"-X", "+X -X", "+U -U", "+X -X"}, .held = "X", .big = true},
{.name = "kept-beside-one", .table = LATE, .scripts = {"-S", "+X -X", "+X -X"}, .held = "S"},
{.name = "kept-beside-one-and-time-out", .table = LATE, .scripts = {"-S", "+X -X", "~X -X", "+S -S"}, .held = "S", .big = true},
{.name = "kept-and-limit", .scripts = {"-X", "+X -X", "+X -X", "limit1 limit0"}, .held = "X", .big = true},
{.name = "kept-and-limit-of-one", .scripts = {"+X -X", "+X -X", "limit1 +X -X"}, .big = true},
{.name = "kept-and-limited", .scripts = {"+X -X +X -X", "+X -X", "~X -X", "-X"}, .held = "...X", .limit = 2, .big = true},
{.name = "kept-and-converted", .table = SHARED, .scripts = {"+X X:S -S", "+S -S", "-X"}, .held = "..X"},
{.name = "kept-and-converted-back", .table = UPDATE, .scripts = {"+X X:U U:X -X", "+S -S", "-X", "+X -X"}, .held = "..X", .big = true},
{.name = "kept-and-tried-to-convert", .table = SHARED, .scripts = {"+X X?S S?X -X -S", "+X -X", "-X"}, .held = "..X"},
{.name = "kept-and-bump", .scripts = {"+X ^X -X", "+X -X", "-X"}, .held = "..X"},
{.name = "kept-and-bumps", .scripts = {"+X ^X -X", "+X ^X -X", "-X", "~X -X"}, .held = "..X", .big = true},
{.name = "kept-and-request", .scripts = {"+X -X", ">X", "-X"}, .held = "..X"},
{.name = "kept-and-requests", .scripts = {"+X -X", ">X cancel", "-X", "+X -X"}, .held = "..X", .big = true},
{.name = "kept-and-waited-for", .scripts = {"+X -X", "@X wait -X", "-X", "+X -X"}, .held = "..X", .big = true},
{.name = "kept-and-run", .scripts = {"+X -X", "!X", "-X", "!X"}, .held = "..X", .big = true},
{.name = "kept-and-run-later", .scripts = {"+X -X", "&X", "-X", "!X"}, .held = "..X", .big = true},
{.name = "kept-and-cond", .scripts = {"%X -X", "+X -X", "+X put signal -X"}, .held = "X", .big = true},
{.name = "kept-and-cond-times-out", .scripts = {"%~X -X", "+X -X +X -X", "+X put signal -X"}, .held = "X", .big = true},

/* Callbacks that are handed over, to a thread that gets in line or scans: also where arrivals write
 * nothing but the line. */
{.name = "handed-over", .scripts = {"-X", ">X", "+X -X"}, .held = "X", .callback = "again -X", .serves = 1, .kept = true, .big = true},
{.name = "handed-over-twice", .scripts = {"-X +X -X", ">X", "+X -X", "+X -X"}, .held = "X", .callback = "again -X", .serves = 1, .kept = true, .big = true},
{.name = "handed-over-and-time-out", .scripts = {"-X", ">X", "~X -X", "+X -X"}, .held = "X", .callback = "again -X", .serves = 1, .kept = true, .big = true},
{.name = "handed-over-shared", .table = SHARED, .scripts = {"-X", ">X", "+S -S", "+X -X"}, .held = "X", .callback = "again -X", .serves = 1, .kept = true, .big = true},

/* Two locks: one slot, one queue of callbacks for both. */
{.name = "two-locks", .scripts = {"+X 2+X 2-X -X", "2+X 2-X +X -X"}},
{.name = "two-locks-and-requests", .scripts = {">X 2+X 2-X", "2+X -X 2-X"}, .held = ".X"},
{.name = "two-locks-and-time-outs", .scripts = {"~X 2~X 2-X -X", "2~X ~X -X 2-X"}},

/* Bumps, the limit. */
{.name = "bump", .scripts = {"+X ^X -X", "+X -X"}},
{.name = "bump-and-close", .scripts = {"^X -X", "+X -X", "close"}, .held = "X"},
{.name = "limit", .scripts = {"+X -X", "+X -X", "-X"}, .held = "..X", .limit = 1},
{.name = "limit-and-time-out", .scripts = {"~X -X", "?X -X +X -X", "-X"}, .held = "..X", .limit = 1},

/* Misuse: a hold that is another's is given back. */
{.name = "given-back-by-another", .table = SHARED, .scripts = {"+S -S", "*S", "+X -X"}, .misuse = true},

{.name = "converted-is-given-back", .table = SHARED, .scripts = {"S:X -X -S", "-S", "*S"}, .held = "SS", .misuse = true},

/* Four and five at random. */
{.name = "five-of-all-kinds", .table = SHARED, .scripts = {">X cancel !X", "!X +S S~X -X -S", "~X X:S -S >S", "!S +X -X", "+S S?X -X -S"}, .big = true},
{.name = "five-and-close", .table = UPDATE, .scripts = {">X cancel !X", "!X +U U:X -X -U", "close reopen +S -S", "!S ~X X:S -S", "@S wait -S"}, .big = true},
{.name = "four-mixed", .table = SHARED, .scripts = {"+S -S ~X -X", "+X -X +S -S", "~S -S +X -X", "+S -S ?X -X"}, .big = true},
{.name = "five-mixed", .table = UPDATE, .scripts = {"+S -S ~X -X", "+X -X ~U -U", "~S -S +X -X", "+U -U ?X -X", "+S -S"}, .big = true},
{.name = "five-weights", .table = THREE, .scripts = {"+X2 -X1 -X1", "~X3 -X3", "+X1 -X1 +X1 -X1", "+X2 -X2", "~X1 -X1"}, .big = true},
{.name = "five-predicate", .table = ODD, .scripts = {"+S -S ~X -X", "+X -X +S -S", "~S -S ~X -X", "+S -S ?X -X", "+S -S"}, .big = true},
{.name = "four-freed", .table = SHARED, .scripts = {"+S -S +X ref -X last", "+S -S +X ref -X last", "~S -S +X ref -X last", "+X ref -X last"}, .big = true, .spurious = 1},
	/* clang-format on */
