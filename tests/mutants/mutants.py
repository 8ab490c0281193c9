# SPDX-License-Identifier: MIT
"""Small ways to break the library: (what, file, old text, new text).

Each old text is in its file exactly once; where both are lists, all are replaced.  A mutant that no test catches is a missing
test, unless it is in SURVIVORS below with the reason why nobody could notice."""

LOCK = 'src/lock.c'
QUEUE = 'src/queue.c'
POOL = 'src/pool.c'
WAIT = 'src/wait.c'
WORD = 'src/word.h'
MODES = 'src/modes.c'
PUBLIC = 'src/fifolock.c'

MUTANTS = [
    # Who may take at once (G1, G2)
    ('fast path ignores the line', PUBLIC,
     '(row->guard | FL_QUEUED)) == 0)', '(row->guard)) == 0)'),
    ('fast path ignores a predicate', PUBLIC,
     'fl_likely(!modes->compatible) &&', 'true &&'),
    ('fl_take ignores the line', LOCK,
     'if ((word & FL_QUEUED) || !fl_want_fits(modes, want, word))',
     'if (!fl_want_fits(modes, want, word))'),
    ('fl_take ignores the modes', LOCK,
     'if ((word & FL_QUEUED) || !fl_want_fits(modes, want, word))',
     'if (word & FL_QUEUED)'),
    ('a release forgets the line', PUBLIC,
     'fl_likely(fl_word_has(word, row->field, units) && !(word & FL_QUEUED)) &&',
     'fl_likely(fl_word_has(word, row->field, units)) &&'),
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
     'if (announce(lock, want) && !fl_line_has_arrivals(lock))\n\t\tannounce(lock, NULL);',
     'announce(lock, want);'),
    ('who leaves tells nobody', LOCK,
     'fl_line_leave(lock, slot);\n\tannounce(lock, NULL);', 'fl_line_leave(lock, slot);'),
    ('who leaves announces before it is on the stack', LOCK,
     'fl_line_leave(lock, slot);\n\tannounce(lock, NULL);',
     'announce(lock, NULL);\n\tfl_line_leave(lock, slot);'),
    ('the set SCANNING is not followed by a scan', LOCK,
     'if ((word ^ next) & FL_SCANNING)\n\t\tscan(lock, next, (struct give){0, 0});',
     'if (!arrival && (word ^ next) & FL_SCANNING)\n\t\tscan(lock, next, (struct give){0, 0});'),

    # The scan
    ('a release scans only when the lock gets empty', LOCK,
     'scans = (word & (FL_QUEUED | FL_SCANNING)) == FL_QUEUED;',
     'scans = (word & (FL_QUEUED | FL_SCANNING)) == FL_QUEUED &&\n'
     '\t\t\t((word - units) & FL_HOLDS) == 0;'),
    ('two scanners', LOCK, 'scans = (word & (FL_QUEUED | FL_SCANNING)) == FL_QUEUED;',
     'scans = word & FL_QUEUED;'),
    ('the release is not in the commit', LOCK,
     'commit = (word - give.units + batch.units) & ~FL_SCANNING;',
     'commit = (word + batch.units) & ~FL_SCANNING;'),
    ('the release before the scan', LOCK,
     'next = scans ? word | FL_SCANNING : word - units;',
     'next = (scans ? word | FL_SCANNING : word) - units;\n\t\tif (scans)\n\t\t\tfield = 0;'),
    ('a commit although the line has changed', LOCK,
     'if (!(word & FL_RESCAN) && fl_cas_acq_rel(&lock->word, &word, commit))',
     'if (fl_cas_acq_rel(&lock->word, &word, commit & ~FL_RESCAN))'),
    ('RESCAN cleared after the look', LOCK,
     'if ((word & FL_RESCAN) && clear_rescan(lock, &word))\n\t\t\tfl_line_settle(lock);',
     'if (word & FL_RESCAN) {\n\t\t\tfl_line_settle(lock);\n\t\t\tclear_rescan(lock, &word);\n\t\t}'),
    ('RESCAN cleared without a look', LOCK,
     'if ((word & FL_RESCAN) && clear_rescan(lock, &word))\n\t\t\tfl_line_settle(lock);',
     'if (word & FL_RESCAN)\n\t\t\tclear_rescan(lock, &word);'),
    ('QUEUED cleared with somebody in line', LOCK,
     'if (!lock->first)\n\t\t\tcommit &= ~FL_QUEUED;', 'commit &= ~FL_QUEUED;'),
    ('QUEUED never cleared', LOCK,
     'if (!lock->first)\n\t\t\tcommit &= ~FL_QUEUED;', ''),
    ('one grant a scan', LOCK,
     'while ((head = fl_line_head(lock)) && fits',
     'while (!batch->count && (head = fl_line_head(lock)) && fits'),
    ('the batch is not counted while it grows', LOCK,
     'fits(modes, head, word + batch->units))', 'fits(modes, head, word))'),
    ('no claim', LOCK,
     'return !slot->can_leave || !(fl_or_relaxed(&slot->word, FL_CLAIMED) & FL_LEFT);',
     'return true;'),
    ('the claim is not looked at', LOCK,
     'return !slot->can_leave || !(fl_or_relaxed(&slot->word, FL_CLAIMED) & FL_LEFT);',
     'if (slot->can_leave)\n\t\tfl_or_relaxed(&slot->word, FL_CLAIMED);\n\treturn true;'),
    ('leaving in spite of a claim', LOCK,
     'if (word & (FL_CLAIMED | FL_GRANTED))', 'if (word & FL_GRANTED)'),
    ('the undo is lost: nobody is unclaimed', LOCK,
     '\t\tunclaim(slot);\n', ''),
    ('an unclaimed sleeper is not woken', LOCK,
     'if (slot->can_leave && (fl_and_relaxed(&slot->word, ~FL_CLAIMED) & FL_ASLEEP))\n'
     '\t\tfl_unpark(&slot->word);',
     'if (slot->can_leave)\n\t\tfl_and_relaxed(&slot->word, ~FL_CLAIMED);'),
    ('a predicate\'s batch is kept for another word', LOCK,
     'if (modes->compatible)\n\t\t\tput_back(lock, &batch);', ''),
    ('a refused release keeps its batch', LOCK,
     'error = EPERM;\n\t\t\tput_back(lock, &batch);', 'error = EPERM;'),
    ('told before the commit', LOCK,
     'collect(lock, modes, word - give.units, &batch);',
     'collect(lock, modes, word - give.units, &batch);\n\t\thand_over(&batch);'),
    ('the last of a batch is not told', LOCK,
     'for (uint32_t left = batch->count; left; left--) {',
     'for (uint32_t left = batch->count; left > (batch->count > 1); left--) {'),
    ('a sleeper is not woken', LOCK,
     'if (fl_swap_release(&slot->word, FL_GRANTED) & FL_ASLEEP)\n\t\tfl_unpark(&slot->word);',
     'fl_swap_release(&slot->word, FL_GRANTED);'),
    ('the slot is read after it was told', LOCK,
     'struct fl_slot *newer = left > 1 ? fl_slot_at(slot->newer) : NULL;\n\n\t\tgrant(slot);',
     'struct fl_slot *newer;\n\n\t\tgrant(slot);\n'
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
     'if (!slot->out)\n\t\t\tcut(lock, slot);', 'cut(lock, slot);'),
    ('the length counts the departed', QUEUE,
     'else\n\t\tfl_slot_at(lock->first)->older = slot->older;\n\tcount_gone(lock, 1);',
     'else\n\t\tfl_slot_at(lock->first)->older = slot->older;'),
    ('the length does not look twice', QUEUE, '} while (gone != before);', '} while (0);'),

    # Waiting
    ('sleeps without saying so', WAIT,
     'if (!(word & FL_ASLEEP) && !fl_cas_relaxed(&slot->word, &word, word | FL_ASLEEP))\n\t\treturn 0;',
     'if (!(word & FL_ASLEEP))\n\t\tfl_cas_relaxed(&slot->word, &word, word);'),
    ('sleeps whatever the word is', WAIT,
     'if (!(word & FL_ASLEEP) && !fl_cas_relaxed(&slot->word, &word, word | FL_ASLEEP))\n\t\treturn 0;',
     'if (!(word & FL_ASLEEP) && !fl_cas_relaxed(&slot->word, &word, word | FL_ASLEEP))\n'
     '\t\treturn fl_park(&slot->word, word, NULL);'),
    ('a slot that was left is kept', WAIT, 'fl_slot_abandoned(slot);', '(void)0;'),
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
    ('grant does not release', LOCK, 'fl_swap_release(&slot->word, FL_GRANTED) & FL_ASLEEP',
     'fl_swap_acquire(&slot->word, FL_GRANTED) & FL_ASLEEP'),
    ('the waiter does not acquire', WAIT, 'uint32_t word = fl_load_acquire(&slot->word);',
     'uint32_t word = fl_load_relaxed(&slot->word);'),
    ('a push does not release', QUEUE,
     'while (!fl_cas_release(&lock->line, &line, next));',
     'while (!fl_cas_relaxed(&lock->line, &line, next));'),
    ('the fast path does not acquire', PUBLIC,
     'fl_cas_acquire(&lock->word, &word, word + row->unit * n));',
     'fl_cas_relaxed(&lock->word, &word, word + row->unit * n));'),
    ('the fast release does not release', PUBLIC,
     'fl_cas_release(&lock->word, &word, word - units)',
     'fl_cas_relaxed(&lock->word, &word, word - units)'),
    ('taking the arrivals does not acquire', QUEUE,
     'while (!fl_cas_acquire(&lock->line, &line, line & ~(uint64_t)UINT32_MAX));',
     'while (!fl_cas_relaxed(&lock->line, &line, line & ~(uint64_t)UINT32_MAX));'),
    ('a freed slot is not released', POOL,
     'while (!fl_cas_release(&free_top, &top, next));',
     'while (!fl_cas_relaxed(&free_top, &top, next));'),
    ('destroy does not acquire', PUBLIC,
     'fl_load_acquire(&lock->word) != 0', 'fl_load_relaxed(&lock->word) != 0'),

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
]

SURVIVORS = {
}
