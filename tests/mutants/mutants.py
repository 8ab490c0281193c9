# SPDX-License-Identifier: MIT
"""Small ways to break the library: (what, file, old text, new text).

Each old text is in its file exactly once; where both are lists, all are replaced.  A mutant that no test catches is a missing
test, unless it is in SURVIVORS below with the reason why nobody could notice."""

LOCK = 'src/lock.c'
QUEUE = 'src/queue.c'
SCAN = 'src/scan.c'
POOL = 'src/pool.c'
WAIT = 'src/wait.c'
WORD = 'src/word.h'
MODES = 'src/modes.c'
PUBLIC = 'src/fifolock.c'
FAST = 'src/fast.h'
REQUEST = 'src/request.c'
RUN = 'src/run.c'
CALLS = 'src/calls.c'
COND = 'src/cond.c'
INSPECT = 'src/inspect.c'
CONVERT = 'src/convert.c'
STATS = 'src/stats.c'

MUTANTS = [
    # Who may take at once (G1, G2)
    ('fast path ignores the line', FAST,
     '(row->guard | FL_QUEUED)) == 0)', '(row->guard)) == 0)'),
    ('fast path ignores a predicate', FAST,
     'fl_likely(!modes->compatible) &&', 'true &&'),
    ('fl_take ignores the line', LOCK,
     'if ((word & FL_QUEUED) || !fl_want_fits(modes, want, word))',
     'if (!fl_want_fits(modes, want, word))'),
    ('fl_take ignores the modes', LOCK,
     'if ((word & FL_QUEUED) || !fl_want_fits(modes, want, word))',
     'if (word & FL_QUEUED)'),
    ('a release forgets the line', FAST,
     'fl_likely(fl_word_has(word, field, units) && !(word & FL_QUEUED)) &&',
     'fl_likely(fl_word_has(word, field, units)) &&'),
    ('a release of what is not held is believed', LOCK,
     '''		if (!fl_word_has(word, field, units))
			return EPERM;
		scans''', '''		scans'''),

    # The announcement (G3)
    ('RESCAN dropped', LOCK, 'next |= FL_RESCAN;', 'next |= 0;'),
    ('an arrival that fits does not scan', LOCK,
     'fl_want_fits(modes, arrival, word))\n\t\t\tnext |= FL_SCANNING;',
     'false)\n\t\t\tnext |= FL_SCANNING;'),
    ('an arrival in a line does not link itself', LOCK,
     'else if (!arrival || (word & FL_QUEUED) ||', 'else if (!arrival ||'),
    ('a departure does not scan', LOCK,
     'else if (!arrival || (word & FL_QUEUED) ||',
     'else if ((arrival && (word & FL_QUEUED)) || !arrival == 2 ||'),
    ('an arrival does not set QUEUED', LOCK, 'next = word | FL_QUEUED;',
     'next = arrival ? word : word | FL_QUEUED;'),
    ('no second look after QUEUED was set', LOCK,
     '\tif (announce(lock, ahead ? NULL : want, group) && !fl_line_has_arrivals(lock))\n'
     '\t\tannounce(lock, NULL, group);',
     '\tannounce(lock, ahead ? NULL : want, group);'),
    ('who leaves tells nobody', LOCK,
     'fl_line_leave(lock, slot);\n\tannounce(lock, NULL, NULL);', 'fl_line_leave(lock, slot);'),
    ('who leaves announces before it is on the stack', LOCK,
     'fl_line_leave(lock, slot);\n\tannounce(lock, NULL, NULL);',
     'announce(lock, NULL, NULL);\n\tfl_line_leave(lock, slot);'),
    ('the set SCANNING is not followed by a scan', LOCK,
     'if ((word ^ next) & FL_SCANNING)\n\t\tfl_scan(', 
     'if (!arrival && (word ^ next) & FL_SCANNING)\n\t\tfl_scan('),

    # The scan
    ('a release scans only when the lock gets empty', LOCK,
     'scans = wants_scanner(word);\n\t\tnext = scans ? word | FL_SCANNING : word - units;',
     'scans = wants_scanner(word) && ((word - units) & FL_HOLDS) == 0;\n'
     '\t\tnext = scans ? word | FL_SCANNING : word - units;'),
    ('two scanners', LOCK, 'return (word & (FL_QUEUED | FL_SCANNING)) == FL_QUEUED;',
     'return word & FL_QUEUED;'),
    ('the release is not in the commit', SCAN,
     'uint64_t next = outcome(scan) & ~FL_SCANNING;',
     'uint64_t next = (outcome(scan) + scan->units) & ~FL_SCANNING;'),
    ('the release before the scan', LOCK,
     'next = scans ? word | FL_SCANNING : word - units;',
     'next = (scans ? word | FL_SCANNING : word) - units;\n\t\tif (scans)\n\t\t\tfield = 0;'),
    ('a commit although the line has changed', SCAN,
     'return fl_cas_acq_rel(&lock->word, &scan->word, next);',
     'return fl_cas_acq_rel(&lock->word, &scan->word, next) ||\n'
     '\t       (scan->word & FL_RESCAN &&\n'
     '\t\tfl_cas_acq_rel(&lock->word, &scan->word, outcome(scan) & ~(FL_SCANNING | FL_RESCAN)));'),
    ('RESCAN cleared after the look', SCAN,
     '\t\t\tif (!clear_rescan(lock, &scan->word)) {\n\t\t\t\tcheck_again(scan);\n\t\t\t\tcontinue;\n\t\t\t}\n\t\t\tfl_line_settle(lock);',
     '\t\t\tfl_line_settle(lock);\n\t\t\tif (!clear_rescan(lock, &scan->word)) {\n\t\t\t\tcheck_again(scan);\n\t\t\t\tcontinue;\n\t\t\t}'),
    ('RESCAN cleared without a look', SCAN,
     '\t\t\t\tcontinue;\n\t\t\t}\n\t\t\tfl_line_settle(lock);', '\t\t\t\tcontinue;\n\t\t\t}'),
    ('QUEUED cleared with somebody in line', SCAN,
     'if (!lock->first && !scan->closed)', 'if (!scan->closed)'),
    ('QUEUED cleared while closed', SCAN,
     'if (!lock->first && !scan->closed)', 'if (!lock->first)'),
    ('QUEUED never cleared', SCAN,
     'if (!lock->first && !scan->closed)\n\t\tnext &= ~FL_QUEUED;', ''),
    ('one grant a scan', SCAN,
     'while ((head = fl_line_head(scan->lock))) {', 'while (!scan->granted.count && (head = fl_line_head(scan->lock))) {'),
    ('the batch is not counted while it grows', SCAN,
     'return scan->word - scan->units + scan->granted.units + scan->chain.units;\n}\n\n/* Off',
     'return scan->word - scan->units + (scan->refused.count ? 0 : scan->granted.units) + scan->chain.units;\n}\n\n/* Off'),
    ('no claim', SCAN,
     'return !(slot->how & FL_LEAVES) ||\n\t       !(fl_or_relaxed(&slot->word, FL_CLAIMED) & FL_LEFT);',
     'return true;'),
    ('the claim is not looked at', SCAN,
     'return !(slot->how & FL_LEAVES) ||\n\t       !(fl_or_relaxed(&slot->word, FL_CLAIMED) & FL_LEFT);',
     'if (slot->how & FL_LEAVES)\n\t\tfl_or_relaxed(&slot->word, FL_CLAIMED);\n\treturn true;'),
    ('leaving in spite of a claim', LOCK,
     'if (word & (FL_CLAIMED | FL_TOLD))', 'if (word & FL_TOLD)'),
    ('the undo is lost: nobody is unclaimed', SCAN,
     '\t\tunclaim(slot);\n', ''),
    ('an unclaimed sleeper is not woken', SCAN,
     'if ((slot->how & FL_LEAVES) &&\n\t    (fl_and_relaxed(&slot->word, ~FL_CLAIMED) & FL_ASLEEP))\n\t\tfl_unpark(&slot->word);',
     'if (slot->how & FL_LEAVES)\n\t\tfl_and_relaxed(&slot->word, ~FL_CLAIMED);'),
    ('a predicate\'s batch is kept for another word', SCAN,
     'if (refused || scan->modes->compatible ||', 'if (refused ||'),
    ('a batch is kept although a conversion has put more in', SCAN,
     'if (refused || scan->modes->compatible || scan->converts ||\n\t    fl_word_grew(scan->modes, scan->fitted, scan->word))',
     'if (refused || scan->modes->compatible || scan->converts)'),
    ('a batch is kept although its conversion has lost its hold', SCAN,
     'scan->modes->compatible || scan->converts ||', 'scan->modes->compatible ||'),
    ('turned away on an old word', SCAN, 'if (error == EPERM && !is_current(scan))', 'if (false && is_current(scan))'),
    ('a deadlock with one who has left', SCAN,
     'return fl_load_relaxed(&slot->word) & FL_LEFT ? 0 : given_for(scan->modes, slot);',
     'return given_for(scan->modes, slot);'),
    ('a handler calls back in the middle of a scan', SCAN,
     ['\tfl_calls_hold();\n', '\tfl_calls_let();\n'], ['', '\tfl_calls_run();\n']),
    ('a refused release keeps its batch', SCAN,
     'if (refused || scan->modes->compatible ||', 'if (scan->modes->compatible ||'),
    ('told before the commit', SCAN,
     '\t\tcollect(scan);\n\t\tif (commit(scan))',
     '\t\tcollect(scan);\n\t\thand_over(&scan->granted, FL_GRANTED);\n\t\tif (commit(scan))'),
    ('the last of a batch is not told', SCAN,
     'for (uint32_t left = batch->count; left; left--) {\n\t\tstruct fl_slot *newer',
     'for (uint32_t left = batch->count; left > (batch->count > 1); left--) {\n\t\tstruct fl_slot *newer'),
    ('a sleeper is not woken', SCAN,
     'if (fl_swap_release(&slot->word, what) & FL_ASLEEP)\n\t\tfl_unpark(&slot->word);',
     'fl_swap_release(&slot->word, what);'),
    ('the slot is read after it was told', SCAN,
     'struct fl_slot *newer = left > 1 ? fl_slot_at(slot->newer) : NULL;\n\n\t\tgrant(slot, what);',
     'struct fl_slot *newer;\n\n\t\tgrant(slot, what);\n'
     '\t\tnewer = left > 1 ? fl_slot_at(slot->newer) : NULL;'),
    ('fl_confirm does not tell the scanner', LOCK,
     'next = word & FL_SCANNING ? word | FL_RESCAN : word;', 'next = word;'),

    # The line
    ('departures are taken after the arrivals', QUEUE,
     '''	if (fl_load_relaxed(&lock->left)) /* [TOLD] */
		/* [LEAVE] acquire */
		departed = fl_swap_acquire(&lock->left, 0);
	admit(lock);''', '''	admit(lock);
	if (fl_load_relaxed(&lock->left))
		departed = fl_swap_acquire(&lock->left, 0); /* [LEAVE] acquire */'''),
    ('arrivals the newest first', QUEUE,
     'append(lock, slot, newest);', 'append(lock, newest, newest);'),
    ('a departure from the end leaves the old end', QUEUE,
     'fl_slot_at(lock->first)->older = slot->older;', '(void)0;'),
    ('a departure from the middle is not unlinked', QUEUE,
     'fl_slot_at(slot->older)->newer = slot->newer;', '(void)0;'),
    ('a departed slot is not given back', QUEUE, '\t\tfl_slot_free(slot);\n', ''),
    ('a departure that was passed over is cut out again', QUEUE,
     'if (slot->verdict != FL_OUT)\n\t\t\tfl_line_cut(lock, slot);', 'fl_line_cut(lock, slot);'),
    ('the length counts the departed', QUEUE,
     'unlink_slot(lock, slot);\n\tcount_gone(lock, 1);', 'unlink_slot(lock, slot);'),
    ('the length does not look twice', QUEUE, '} while (gone != before);', '} while (0);'),

    # Waiting
    ('sleeps without saying so', WAIT,
     'if (!(word & FL_ASLEEP) && !fl_cas_relaxed(&slot->word, &word, word | FL_ASLEEP))\n\t\treturn 0;',
     'if (!(word & FL_ASLEEP))\n\t\tfl_cas_relaxed(&slot->word, &word, word);'),
    ('sleeps whatever the word is', WAIT,
     'if (!(word & FL_ASLEEP) && !fl_cas_relaxed(&slot->word, &word, word | FL_ASLEEP))\n\t\treturn 0;',
     'if (!(word & FL_ASLEEP) && !fl_cas_relaxed(&slot->word, &word, word | FL_ASLEEP))\n'
     '\t\treturn fl_park(&slot->word, word, NULL);'),
    ('a slot that was left is kept', WAIT,
     'return ETIMEDOUT; /* the slot is the scanner\'s */', 'break;'),
    ('a claimed waiter times out', WAIT, 'word & FL_CLAIMED ? NULL : deadline);',
     'deadline);'),
    ('a deadline that has passed is waited for', WAIT,
     'if (deadline && fl_deadline_passed(deadline))\n\t\treturn ETIMEDOUT;', ''),

    # Slots
    ('the tag does not count', POOL,
     ['next = ((top & ~ID_MASK) + ID_MASK + 1) | fl_load_relaxed(&slot->below);',
      'next = ((top & ~ID_MASK) + ID_MASK + 1) | slot->id;'],
     ['next = (top & ~ID_MASK) | fl_load_relaxed(&slot->below);',
      'next = (top & ~ID_MASK) | slot->id;']),
    ('the pool forgets the rest', POOL, '| fl_load_relaxed(&slot->below);', '| 0;'),
    ('ids are given twice', POOL,
     'while (!fl_cas_relaxed(&made, &last, last + 1));',
     'while (!fl_cas_relaxed(&made, &last, last + (last != 3)));'),
    ('a thread\'s slot dies with it', POOL, 'if (kept)\n\t\tfl_slot_free(kept);', ''),

    # Orders
    ('grant does not release', SCAN, 'fl_swap_release(&slot->word, what) & FL_ASLEEP',
     'fl_swap_acquire(&slot->word, what) & FL_ASLEEP'),
    ('the waiter does not acquire', WAIT, 'uint32_t word = fl_load_acquire(&slot->word);',
     'uint32_t word = fl_load_relaxed(&slot->word);'),
    ('a push does not release', QUEUE,
     'while (!fl_cas_release(&lock->line, &line, next));',
     'while (!fl_cas_relaxed(&lock->line, &line, next));'),
    ('the fast path does not acquire', FAST,
     'fl_cas_acquire(&lock->word, &word, word + row->unit * n));',
     'fl_cas_relaxed(&lock->word, &word, word + row->unit * n));'),
    ('the fast release does not release', FAST,
     'fl_cas_release(&lock->word, &word, word - units)',
     'fl_cas_relaxed(&lock->word, &word, word - units)'),
    ('taking the arrivals does not acquire', QUEUE,
     'while (!fl_cas_acquire(&lock->line, &line, line & ~(uint64_t)UINT32_MAX));',
     'while (!fl_cas_relaxed(&lock->line, &line, line & ~(uint64_t)UINT32_MAX));'),
    ('a freed slot is not released', POOL,
     'while (!fl_cas_release(&free_top, &top, next));',
     'while (!fl_cas_relaxed(&free_top, &top, next));'),
    ('destroy does not acquire', PUBLIC,
     'fl_load_acquire(&lock->word) |', 'fl_load_relaxed(&lock->word) |'),

    # The arithmetic
    ('a weight too light', WORD, '.bias = row->bias + row->unit * (n - 1),',
     '.bias = row->bias,'),
    ('one hold too few is enough', WORD, 'return (word & field) >= units;',
     'return (word & field) + (units & -units) >= units;'),
    ('a limit one too high', MODES, 'row->bias += guard - unit * limit;',
     'row->bias += guard - unit * limit - unit * (limit > 1);'),
    ('a limit one too low', MODES, 'row->bias += guard - unit * limit;',
     'row->bias += guard - unit * limit + unit * (limit > 1);'),
    ('the guard of others forgotten', MODES, 'row->guard |= guard;',
     'row->guard |= m == x ? guard : 0;'),
    ('the own guard forgotten', MODES, 'row->guard |= guard;',
     'row->guard |= m == x ? 0 : guard;'),
    ('a conflict allows one', MODES, 'if (mode->conflicts & (1u << x))\n\t\treturn 1;',
     'if (mode->conflicts & (1u << x))\n\t\treturn 2;'),
    ('a limit that is not reached counts', MODES,
     'if (limit == 0 || limit > out->capacity[x])', 'if (limit == 0)'),

    # Conversions, closing
    ('conversions wait at the end', QUEUE, 'if (how & FL_AHEAD)\n\t\tmove_ahead(lock, slot);', ''),
    ('the later conversion stands first', QUEUE,
     '\tif (older)\n\t\tinsert_after(lock, slot, older);\n\telse\n\t\tinsert_first(lock, slot);',
     '\t(void)older;\n\tinsert_first(lock, slot);'),
    ('conversions that wait for each other do', SCAN, '\trefuse_deadlocks(scan);\n', ''),
    ('a conversion waits for its own hold', SCAN,
     'outcome(scan) - given_for(scan->modes, head)))', 'outcome(scan)))'),
    ('a conversion keeps what it had', SCAN,
     'units - given_for(scan->modes, head));', 'units);'),
    ('a conversion at once lets nobody in', LOCK,
     '\tif (scans)\n\t\tfl_scan(&(struct scan){.lock = lock, .word = next});', '\t(void)scans;'),
    ('a conversion at once does not look whether it fits', LOCK,
     'if (!fl_want_fits(modes, want, word - from->unit))\n\t\t\treturn EBUSY;', ''),
    ('closing tells nobody', LOCK, 'if (mask & FL_CLOSED)\n\t\tannounce(lock, NULL, NULL);', ''),
    ('a closed lock still grants', SCAN, 'if (scan->closed)\n\t\treturn ECANCELED;', ''),
    ('a closed lock cannot be destroyed', PUBLIC, 'idle = fl_closed(lock) ? FL_QUEUED : 0;', 'idle = 0;'),
    ('the bound is one more', QUEUE, 'fl_line_length(lock) >= bound;', 'fl_line_length(lock) > bound;'),

    # Requests
    ('a cancelled request keeps the line waiting', REQUEST, 'settle(request, LEFT);', 'settle(request, DONE);'),
    ('who is told frees the slot under a cancel', REQUEST,
     'if (settle(request, DONE_WITH(status)) != CANCELLING)', 'if (settle(request, DONE_WITH(status)) != LEFT)'),
    ('the second of the two does not free', REQUEST,
     'else if (settle(request, DONE_WITH(slot->verdict)) == DONE)\n\t\tfl_slot_free(slot);',
     'else\n\t\tsettle(request, DONE_WITH(slot->verdict));'),
    ('a cancel does not wait for the claim', REQUEST, 'fl_await_claim(slot);', 'return false;'),
    ('called back although held at once', CALLS, 'if (is_expected(slot)) {', 'if (false && is_expected(slot)) {'),
    ('another thread\'s request is taken for one\'s own', CALLS,
     ' && /* [MINE] */\n\t       slot->note == (uintptr_t)&expects;', '; /* [MINE] */'),
    ('callbacks the newest first', CALLS,
     'if (fl_load_relaxed(&first))', 'fl_slot_at(newest)->newer = fl_load_relaxed(&first);\n'
     '\tfl_store_relaxed(&first, oldest);\n\tif (fl_load_relaxed(&last) != newest)\n\t\treturn;\n\tif (fl_load_relaxed(&first))'),
    ('a callback calls the next', CALLS, 'while (!fl_load_relaxed(&held) && any_due()) {', 'while (any_due()) {'),
    ('who waits leaves the callbacks for later', CALLS,
     '\tset_held(0);\n\tfl_calls_run();\n\treturn before;', '\treturn before;'),

    # Sections
    ('told before the hold is given back', RUN,
     '\t\tservice->ran = *group;', '\t\tservice->ran = *group;\n\t\ttell_group(group);\n\t\tservice->ran.count = 0;'),
    ('others are granted between sections', SCAN,
     '(scan->modes->flags & FL_MODES_ALONE(head->mode));', 'true;'),
    ('a section of another mode in the row', SCAN,
     'return scan->chain.count && head->mode == scan->chain.newest->mode &&', 'return scan->chain.count &&'),
    ('each section takes a hold of its own', SCAN,
     'batch_add(&scan->chain, head, scan->chain.count ? 0 : units);', 'batch_add(&scan->chain, head, units);'),
    ('one thread serves for ever', RUN, 'if (fl_now_coarse() - service->began >= SERVES_NS)', 'if (false)'),

    # Conditions
    ('the newest is signalled', COND, 'struct fl_waiter *waiter = cond->first;', 'struct fl_waiter *waiter = cond->last;'),
    ('a wait gives back before it is listed', COND,
     '\tbegin(cond, waiter);\n\t/* Somebody else has given it back. But a signal may have come first. */\n'
     '\tif (fl_release(waiter->lock, row->field, row->unit) != 0 &&\n'
     '\t    unlist(cond, waiter) != EINPROGRESS)\n\t\treturn EPERM;',
     '\tif (fl_release(waiter->lock, row->field, row->unit) != 0)\n\t\treturn EPERM;\n\tbegin(cond, waiter);'),
    ('a bump asks again after giving back', CONVERT,
     '\tfl_join(lock, slot, want, FL_UNBOUND);\n\tfl_release(lock, row->field, row->unit);',
     '\tfl_release(lock, row->field, row->unit);\n\tfl_join(lock, slot, want, FL_UNBOUND);'),
    ('who only holds is not counted', STATS, 'add(&counts->held_ns, -(now * n));', ''),

    # A batch put back behind a conversion that has come meanwhile
    ('behind a conversion: the end of the line is not moved', QUEUE,
     '\telse\n\t\tfl_line_head(lock)->older = slot->id;\n\tolder->newer = slot->id;',
     '\tolder->newer = slot->id;'),
    ('behind a conversion: the rest of the line is lost', QUEUE,
     'slot->newer = older->newer;\n\tslot->older = older->id;', 'slot->newer = 0;\n\tslot->older = older->id;'),
    ('behind a conversion: only the last of a batch', QUEUE,
     'insert(lock, slot, other ? other : last_ahead(lock));',
     'if (left == 1 || !last_ahead(lock))\n\t\t\t\tinsert(lock, slot, other ? other : last_ahead(lock));'),
    ('a batch is put back before a conversion', QUEUE, 'other ? other : last_ahead(lock)', 'other'),

    # Conditions: what is done under the guard
    ('callbacks run beside the guard', COND,
     ['\tfl_calls_hold();\n\tif (!fl_take(&cond', 'row->field, row->unit);\n\tfl_calls_let();'],
     ['\tif (!fl_take(&cond', 'row->field, row->unit);']),
    ('a broadcast moves one', COND, 'if (move_first(cond) && !all)', 'if (move_first(cond))'),
    ('a signal moves all', COND, 'if (move_first(cond) && !all)', 'if (move_first(cond) && !all && !cond->first)'),
    ('a signal goes to one that was turned away', COND,
     '\tif (!note_take(waiter))\n\t\treturn false;', '\tif (!note_take(waiter))\n\t\treturn true;'),
    ('one that was turned away is moved', COND, '\tif (!note_take(waiter))\n\t\treturn false;', '\tnote_take(waiter);'),
    ('the first of the list stays', COND, '\t\tcond->first = waiter->newer;', '\t\t(void)0;'),
    ('the last of the list stays', COND, '\t\tcond->last = waiter->older;', '\t\t(void)0;'),
    ('one in the middle of the list stays', COND,
     '\t\twaiter->older->newer = waiter->newer;', '\t\t(void)0;'),
    ('one in the middle of the list, the way back', COND,
     '\t\twaiter->newer->older = waiter->older;', '\t\t(void)0;'),
    ('who is signalled counts as listed', COND, '\twaiter->listed = false;\n', ''),
    ('whether it is listed is read without the guard', COND,
     ['\tguard_take(cond);\n\tlisted = ', '\tguard_give(cond);\n\treturn error;'],
     ['\tlisted = ', '\treturn error;']),
    ('a signal joins after the guard', COND,
     '\twhile (cond->first)\n\t\tif (move_first(cond) && !all)\n\t\t\tbreak;\n\tguard_give(cond);',
     '\twhile (cond->first) {\n\t\tstruct fl_waiter *first = cond->first;\n\n\t\tlist_remove(cond, first);\n'
     '\t\tguard_give(cond);\n\t\tif (note_take(first))\n'
     '\t\t\tfl_join(first->lock, first->slot, &first->want, FL_UNBOUND | FL_DATED);\n'
     '\t\tguard_take(cond);\n\t\tif (!all)\n\t\t\tbreak;\n\t}\n\tguard_give(cond);'),
    # ... and what a wait returns with
    ('a signal finds the line full', COND, 'FL_UNBOUND | FL_DATED', 'FL_DATED'),
    ('back from a time-out, the line is full', COND,
     'fl_join(waiter->lock, waiter->slot, &waiter->want, FL_UNBOUND);',
     'fl_join(waiter->lock, waiter->slot, &waiter->want, 0);'),
    ('signalled, it has been awake all the while', COND, 'FL_UNBOUND | FL_DATED', 'FL_UNBOUND'),
    ('a hold that is not there: still listed', COND,
     ' != 0 &&\n\t    unlist(cond, waiter) != EINPROGRESS)\n\t\treturn EPERM;', ' != 0)\n\t\treturn EPERM;'),
    ('a hold that is not there is not noticed', COND,
     '\tif (fl_release(waiter->lock, row->field, row->unit) != 0 &&\n'
     '\t    unlist(cond, waiter) != EINPROGRESS)\n\t\treturn EPERM;',
     '\tfl_release(waiter->lock, row->field, row->unit);'),
    ('a hold that is not there, whatever was signalled', COND,
     'unlist(cond, waiter) != EINPROGRESS)', '(unlist(cond, waiter), true))'),
    ('a time-out after the signal is believed', COND,
     '\tif (error == EINPROGRESS)\n\t\treturn fl_await(waiter->lock, waiter->slot, NULL);',
     '\tif (error == EINPROGRESS)\n\t\treturn fl_sleep(waiter->slot, deadline);'),
    ('a time-out is told as a signal', COND, 'return error ? error : ETIMEDOUT;', 'return error;'),
    ('after a time-out it does not hold', COND,
     '\tfl_join(waiter->lock, waiter->slot, &waiter->want, FL_UNBOUND);\n'
     '\terror = fl_await(waiter->lock, waiter->slot, NULL);\n'
     '\treturn error ? error : ETIMEDOUT;', '\treturn ETIMEDOUT;'),
    ('the slot of a wait is lost', COND, '\tfl_slot_waited(waiter.slot);\n', ''),
    ('what is due waits for the signal', COND,
     ['\theld = fl_calls_wait();\n\terror = give', '\tfl_calls_waited(held);\n'],
     ['\theld = fl_calls_held();\n\tfl_calls_hold();\n\terror = give', '\t(void)held;\n\tfl_calls_let();\n']),
    ('signalled, it does not come back for the guard', COND,
     '\terror = unlist(cond, waiter);\n\tif (error == ECANCELED)',
     '\terror = fl_told(waiter->slot) ? EINPROGRESS : unlist(cond, waiter);\n\tif (error == ECANCELED)'),
    # ... and closings
    ('a wait that begins beside a closing', COND,
     '\tif (fl_closed_for_certain(waiter->lock))\n\t\tturn_away(waiter->slot, waiter->lock);', ''),
    ('whether it is closed is asked before it is listed', COND,
     ['\tguard_take(cond);\n\tlist_add(cond, waiter);', '\tif (fl_closed_for_certain(waiter->lock))\n'
      '\t\tturn_away(waiter->slot, waiter->lock);\n}'],
     ['\tbool shut = fl_closed_for_certain(waiter->lock);\n\n\tfl_store_relaxed(&waiter->slot->note, note_of(waiter->lock));\n'
      '\tguard_take(cond);\n\tlist_add(cond, waiter);',
      '\tif (shut)\n\t\tturn_away(waiter->slot, waiter->lock);\n}']),
    ('a closing wakes nobody', COND, '\tif (word & FL_ASLEEP)\n\t\tfl_unpark(&slot->word);\n}\n\n/* lock -> lock|1 */',
     '}\n\n/* lock -> lock|1 */'),
    ('a closing forgets the last slot', COND, 'id <= made', 'id < made'),
    ('a closing turns away who waits with another lock', COND,
     'if (fl_load_relaxed(&slot->note) == note && /* [NOTE] */\n\t    /* [NOTE] */\n\t    fl_cas',
     'note = fl_load_relaxed(&slot->note);\n\tif (note && !(note & TURNED_AWAY) &&\n\t    /* [NOTE] */\n\t    fl_cas'),
    ('roused for another, it gives up', COND, '} while (!is_turned_away(waiter));', '} while (false);'),
    ('roused once, it does not sleep again', COND, '\t\tfl_and_acquire(&slot->word, ~FL_ROUSED);\n', ''),

    # Looks
    ('a snapshot of two moments', LOCK,
     '\terror = is_of_one_moment(lock, look) ? 0 : EAGAIN;\n\tfl_scan(',
     '\terror = is_of_one_moment(lock, look) ? 0 : 0;\n\tfl_scan('),
    ('a free lock is of two moments', LOCK, 'is_of_one_moment(lock, look) ? 0\n								 : EAGAIN;',
     'is_of_one_moment(lock, look) ? 0 : 0;'),
    ('a change is believed', INSPECT, 'error = try_snapshot(', 'error = !TRIES && try_snapshot('),
    ('whether it is closed is read afterwards', INSPECT, 'out->closed = look.closed;', 'out->closed = fl_closed(lock);'),
    ('the holds are read afterwards', INSPECT,
     'out->holds[m] = fl_word_holds(modes, m, look.word);', 'out->holds[m] = fifolock_holds(lock, m);'),
    ('the youngest ticket for the oldest', INSPECT, '\tif (copy->out->waiting == 0)\n', ''),
    ('one more than there is room for', INSPECT, 'copy->out->waiting < copy->room', 'copy->out->waiting <= copy->room'),
    ('one less than there is room for', INSPECT, 'copy->out->waiting < copy->room', 'copy->out->waiting + 1 < copy->room'),
    ('the mode it holds for the one it wants', INSPECT, '.mode = slot->mode', '.mode = slot->from'),
    ('everybody in line converts', INSPECT, 'slot->how & FL_AHEAD ? slot->from : -1', 'slot->from'),
    ('nobody in line converts', INSPECT, 'slot->how & FL_AHEAD ? slot->from : -1', '-1'),
    ('only who is called back may leave', INSPECT, 'slot->how & FL_LEAVES', 'slot->how & FL_CALLS'),
    ('only those shown are counted', INSPECT, '\tcopy->out->waiting++;',
     '\tcopy->out->waiting += copy->out->waiting < copy->room;'),
    ('a second try adds to the first', INSPECT,
     ['\t*out = (struct fifolock_snapshot){.modes = fl_modes_count(modes),\n\t\t\t\t\t  .name = name_of(modes)',
      '\tstruct fifolock_snapshot snapshot;\n\tstruct copy'],
     ['\t*out = (struct fifolock_snapshot){.modes = fl_modes_count(modes), .waiting = out->waiting,\n'
      '\t\t\t\t\t  .name = name_of(modes)',
      '\tstruct fifolock_snapshot snapshot = {.modes = 0};\n\tstruct copy']),
    ('an answer although it failed', INSPECT, '{&snapshot, line,', '{out, line,'),
    ('older than time', INSPECT, 'since && since < copy->now ? copy->now - since : 0', 'since ? copy->now - since : 0'),
    ('an age where none is known', INSPECT, 'since && since < copy->now ? copy->now - since : 0',
     'since < copy->now ? copy->now - since : 0'),
    ('one try', INSPECT, '#define TRIES 16', '#define TRIES 1'),
    ('the weight is not shown', INSPECT, '.n = slot->weight', '.n = 1'),
    ('a dump forgets that it is closed', INSPECT, 'snapshot->closed ? ", closed" : ""', '""'),
    ('a dump says that nothing is held', INSPECT, 'any ? "" : " not held"', '" not held"'),
    ('a dump counts the rest wrongly', INSPECT, 'snapshot.waiting - SHOWN)', 'snapshot.waiting)'),
    ('a dump changes errno', INSPECT, '\terrno = saved;\n', ''),
    ('a position counts the request itself', REQUEST, 'count->before += !count->found;', 'count->before++;'),
    ('contended by a conversion\'s own hold', CONVERT,
     'holds -= search->modes->rows[slot->from].unit; /* its own */', 'holds -= 0;'),
    ('contended only by the first in line', CONVERT, 'return !search->found;', 'return false;'),
    ('contended by whatever is held', CONVERT,
     'search.holds = modes->rows[mode].unit * holds;', 'search.holds = fl_load_relaxed(&lock->word) & FL_HOLDS;'),
]

SURVIVORS = {
    'called back although held at once':
        'EINPROGRESS and a callback before the return is an answer that the header allows',
    'callbacks the newest first':
        'no order is promised between callbacks that are due together',
}
