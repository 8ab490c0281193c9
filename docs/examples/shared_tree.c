/* SPDX-License-Identifier: MIT
 *
 * shared_tree.c - threads read, write, delete, rename and copy in one tree of directories.
 *
 * An operation first locks, together and by their paths, the sub-trees that it reads and those that
 * it changes.  Then it may take as many steps, and as long, as it likes: no other thread sees the
 * sub-trees between two steps.
 *
 * A directory above a locked node is not locked: a/x and a/y can be put into a side by side.  So
 * each directory has a small lock of its own for the list of what is in it, which is held for
 * one step.  Inside of what an operation has locked, it needs none.
 */
#include <errno.h>
#include <fifolock/table.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREADS 6
#define ROUNDS	1000
#define NAMES	3
#define COINS	10
#define PARTS	4

struct node {
	char name[8];
	unsigned part[PARTS]; /* what was written here last; all the same */
	fifolock_t list_lock;
	struct node *first, *next; /* below it; beside it */
};

static fifolock_tree_t *tree;
static struct node root;
static atomic_long nodes, wrong;

/* As if each value came from a disk: other threads run meanwhile. */
static unsigned slow(unsigned value)
{
	sched_yield();
	return value;
}

/* ---- nodes ---- */

static struct node *new_node(const char *name, size_t length)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node || length >= sizeof(node->name))
		exit(1);
	memcpy(node->name, name, length);
	nodes++;
	return node;
}

static void free_nodes(struct node *node)
{
	struct node *next;

	for (struct node *child = node->first; child; child = next) {
		next = child->next;
		free_nodes(child);
	}
	nodes--;
	free(node);
}

static struct node *copy_of(const struct node *node)
{
	struct node *copy = new_node(node->name, strlen(node->name));
	struct node **end = &copy->first;

	for (int i = 0; i < PARTS; i++)
		copy->part[i] = slow(node->part[i]);
	for (const struct node *child = node->first; child; child = child->next) {
		*end = copy_of(child);
		end = &(*end)->next;
	}
	return copy;
}

/* All that is there, as one number. */
static uint64_t look_at(const struct node *node, long *count)
{
	uint64_t sum = slow(node->part[0]);

	++*count;
	for (int i = 1; i < PARTS; i++)
		wrong += node->part[i] != node->part[0]; /* half written */
	for (const struct node *child = node->first; child; child = child->next)
		sum = sum * 31 + look_at(child, count) + (unsigned char)child->name[0];
	return sum;
}

/* ---- lists ---- */

/* Where the node with this name hangs, or would. */
static struct node **place_of(struct node *dir, const char *name, size_t length)
{
	struct node **place = &dir->first;

	while (*place &&
	       (strncmp((*place)->name, name, length) || (*place)->name[length]))
		place = &(*place)->next;
	return place;
}

static struct node *child_of(struct node *dir, const char *name, size_t length, bool make)
{
	const unsigned mode = make ? FIFOLOCK_EXCLUSIVE : FIFOLOCK_SHARED;
	struct node **place, *child;

	fifolock_lock(&dir->list_lock, mode);
	place = place_of(dir, name, length);
	if (!*place && make)
		*place = new_node(name, length);
	child = *place;
	fifolock_unlock(&dir->list_lock, mode);
	return child;
}

/* Put the node in the place of what has this name (NULL: of nothing), and return that. */
static struct node *replace(struct node *dir, const char *name, struct node *node)
{
	struct node **place, *old;

	fifolock_lock(&dir->list_lock, FIFOLOCK_EXCLUSIVE);
	place = place_of(dir, name, strlen(name));
	old = *place;
	if (node) {
		strcpy(node->name, name);
		node->next = old ? old->next : NULL;
		*place = node;
	} else if (old) {
		*place = old->next;
	}
	fifolock_unlock(&dir->list_lock, FIFOLOCK_EXCLUSIVE);
	return old;
}

/* The directory that the last name of the path is in. */
static struct node *directory_of(const char *path, bool make, const char **name)
{
	struct node *dir = &root;

	for (*name = path; dir && (path = strchr(*name, '/')); *name = path + 1)
		dir = child_of(dir, *name, (size_t)(path - *name), make);
	return dir;
}

/* With make it is made if it is not there, and so is what is above it. */
static struct node *find(const char *path, bool make)
{
	const char *name;
	struct node *dir = directory_of(path, make, &name);

	return dir && *name ? child_of(dir, name, strlen(name), make) : dir;
}

static struct node *take_out(const char *path)
{
	const char *name;
	struct node *dir = directory_of(path, false, &name);

	return dir ? replace(dir, name, NULL) : NULL;
}

static void put_in(const char *path, struct node *node)
{
	const char *name;
	struct node *dir = directory_of(path, true, &name),
		    *old = replace(dir, name, node);

	if (old)
		free_nodes(old);
}

/* Or the same. */
static bool is_below(const char *path, const char *dir)
{
	const size_t length = strlen(dir);

	return !strncmp(path, dir, length) && (!path[length] || path[length] == '/');
}

/* ---- operations ---- */

static int read_at(const char *path, uint64_t *sum, long *count)
{
	fifolock_tree_hold_t hold;
	int error = fifolock_tree_lock(tree, &path, 1, NULL, 0, NULL, &hold);
	const struct node *node;

	if (error)
		return error;
	node = find(path, false);
	if (node)
		*sum = look_at(node, count);
	if (node && look_at(node, &(long){0}) != *sum)
		wrong++; /* it has changed */
	fifolock_tree_unlock(&hold);
	return node ? 0 : ENOENT;
}

static int write_at(const char *path, unsigned what)
{
	fifolock_tree_hold_t hold;
	int error = fifolock_tree_lock(tree, NULL, 0, &path, 1, NULL, &hold);
	struct node *node;

	if (error)
		return error;
	node = find(path, true);
	for (int i = 0; i < PARTS; i++)
		node->part[i] = slow(what);
	return fifolock_tree_unlock(&hold);
}

static int delete_at(const char *path)
{
	fifolock_tree_hold_t hold;
	int error = fifolock_tree_lock(tree, NULL, 0, &path, 1, NULL, &hold);
	struct node *old;

	if (error)
		return error;
	old = take_out(path);
	fifolock_tree_unlock(&hold);
	if (!old)
		return ENOENT;
	free_nodes(old); /* which no other thread can find */
	return 0;
}

static int rename_at(const char *from, const char *to)
{
	const char *const both[] = {from, to};
	fifolock_tree_hold_t hold;
	struct node *node;
	int error;

	if (is_below(from, to) || is_below(to, from))
		return EINVAL;
	error = fifolock_tree_lock(tree, NULL, 0, both, 2, NULL, &hold);
	if (error)
		return error;
	node = take_out(from);
	slow(0);
	if (node)
		put_in(to, node);
	fifolock_tree_unlock(&hold);
	return node ? 0 : ENOENT;
}

static int copy_at(const char *from, const char *to)
{
	fifolock_tree_hold_t hold;
	int error = fifolock_tree_lock(tree, &from, 1, &to, 1, NULL, &hold);
	const struct node *node;

	if (error)
		return error;
	node = find(from, false);
	if (node)
		put_in(to, copy_of(node));
	fifolock_tree_unlock(&hold);
	return node ? 0 : ENOENT;
}

/* ---- many threads ---- */

static unsigned below(uint32_t *random, unsigned n)
{
	*random = *random * 1103515245 + 12345;
	return (*random >> 16) % n;
}

/* So many names below "work". */
static void choose(char path[16], uint32_t *random, unsigned depth)
{
	strcpy(path, "work");
	while (depth--)
		sprintf(path + strlen(path), "/%c", 'a' + below(random, NAMES));
}

/* Coins are renamed only.  So all are there at any moment, and each once. */
static void pass_a_coin(uint32_t *random)
{
	char from[16], to[16];
	const unsigned coin = below(random, COINS);
	int error;

	sprintf(from, "coins/%u/%u", below(random, NAMES), coin);
	sprintf(to, "coins/%u/%u", below(random, NAMES), coin);
	error = rename_at(from, to);
	wrong += error && error != ENOENT && error != EINVAL;
}

static void count_coins(void)
{
	uint64_t sum;
	long count = 0;

	if (read_at("coins", &sum, &count) != 0 || count != 1 + NAMES + COINS)
		wrong++;
}

static int operate(uint32_t *random)
{
	const unsigned depth = below(random, 4), what = below(random, 100);
	char one[16], other[16];
	uint64_t sum;

	choose(one, random, depth);
	choose(other, random, depth); /* as deep: the tree does not grow */
	if (what < 30)
		return read_at(one, &sum, &(long){0});
	if (what < 70)
		return write_at(one, what);
	if (what < 75)
		return delete_at(one);
	return what < 90 ? rename_at(one, other) : copy_at(one, other);
}

static void *work(void *seed)
{
	uint32_t random = (uint32_t)(uintptr_t)seed;

	for (int i = 0; i < ROUNDS; i++) {
		const int error = operate(&random);

		wrong += error && error != ENOENT && error != EINVAL;
		pass_a_coin(&random);
		if (i % 8 == 0)
			count_coins();
	}
	return NULL;
}

static void mint(void)
{
	char path[16];

	for (unsigned i = 0; i < NAMES + COINS; i++) {
		sprintf(path, i < NAMES ? "coins/%u" : "coins/0/%u",
			i < NAMES ? i : i - NAMES);
		wrong += write_at(path, i) != 0;
	}
}

int main(void)
{
	pthread_t threads[THREADS];
	uint64_t sum;
	long count = 0;

	if (fifolock_tree_create(&tree, NULL) != 0)
		return 1;
	mint();
	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	count_coins();
	wrong += read_at("", &sum, &count) != 0 || count != nodes + 1;
	printf("%ld nodes at the end, %ld wrong\n", count, (long)wrong);
	delete_at("work");
	delete_at("coins");
	return wrong || nodes || fifolock_tree_destroy(tree) != 0;
}
