/* SPDX-License-Identifier: MIT */
/*
 * A tree finds an entry; a list in order of use finds those to forget, the most recently used entry
 * first.
 *
 * The lock of the memo guards the tree, the list, both sums, due_ms, and of each entry: listed,
 * used, found_ms and link. Everything else in an entry never changes. The list holds a reference to
 * each entry, and memo_find gives one to its caller, so the list can drop an entry while a request
 * uses it. References are atomic. Entries are freed without the lock, because freeing megabytes
 * takes time.
 */
#include "src/request/memo.h"

#include <errno.h>
#include <pthread.h>
#include <search.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "src/source/source.h"

enum {
	TEXTS_MAX = 2048, /* URL and Accept field together; longer ones are not remembered */
	TOUCH_MS = 100,
	SWEEP_MS = MEMO_IDLE_MS / 2,
};

/* The Accept field as a part of the key. Where it matters, no field differs from an empty one. */
enum accept { ACCEPT_IGNORED, ACCEPT_ABSENT, ACCEPT_GIVEN };

struct memo_entry {
	struct memo_note note;
	const char *uri;
	enum accept kind;
	const char *accept;
	atomic_uint references;
	/* Guarded by the lock. */
	bool listed;
	bool used; /* since memo_tend has set its time of access in the cache */
	uint64_t found_ms;
	TAILQ_ENTRY(memo_entry) link;
	char storage[];
};

struct memo {
	pthread_mutex_t lock;
	const struct config *config; /* only compared, never dereferenced */
	const struct cache *cache;
	unsigned count;
	size_t bytes; /* of bodies */
	void *tree;
	TAILQ_HEAD(entries, memo_entry) list;
	uint64_t due_ms;
};

static int compare(const void *a, const void *b)
{
	const struct memo_entry *one = a, *other = b;
	int order = strcmp(one->uri, other->uri);
	if (order == 0)
		order = (int)one->kind - (int)other->kind;
	return order ? order : strcmp(one->accept, other->accept);
}

static struct memo_entry *entry_of(const struct memo_note *note)
{
	return (struct memo_entry *)((char *)note - offsetof(struct memo_entry, note));
}

int memo_new(struct memo **out)
{
	struct memo *memo = calloc(1, sizeof *memo);
	if (!memo)
		return -ENOMEM;
	pthread_mutex_init(&memo->lock, NULL);
	TAILQ_INIT(&memo->list);
	memo->due_ms = CLOCK_NEVER;
	*out = memo;
	return 0;
}

void memo_release(const struct memo_note *note)
{
	struct memo_entry *entry = entry_of(note);
	if (atomic_fetch_sub(&entry->references, 1) > 1)
		return;
	free(entry);
}

static size_t body_size(const struct memo_entry *entry)
{
	return entry->note.body ? entry->note.file.length : 0;
}

/* Entries that were taken out of the list under the lock, to be released without it. */
TAILQ_HEAD(dropped, memo_entry);

static void release_all(struct dropped *dropped)
{
	struct memo_entry *entry;
	while ((entry = TAILQ_FIRST(dropped))) {
		TAILQ_REMOVE(dropped, entry, link);
		memo_release(&entry->note);
	}
}

/* All functions list_* are called with the lock. */
static void list_remove(struct memo *memo, struct memo_entry *entry, struct dropped *dropped)
{
	if (!entry->listed)
		return;
	tdelete(entry, &memo->tree, compare);
	TAILQ_REMOVE(&memo->list, entry, link);
	entry->listed = false;
	memo->count--;
	memo->bytes -= body_size(entry);
	TAILQ_INSERT_TAIL(dropped, entry, link);
}

static void list_limit(struct memo *memo, unsigned max, struct dropped *dropped)
{
	while (memo->count > max || memo->bytes > MEMO_BYTES)
		list_remove(memo, TAILQ_LAST(&memo->list, entries), dropped);
}

static void list_use(struct memo *memo, struct memo_entry *entry)
{
	entry->found_ms = clock_now_ms();
	TAILQ_REMOVE(&memo->list, entry, link);
	TAILQ_INSERT_HEAD(&memo->list, entry, link);
}

static struct memo_entry *list_find(
	struct memo *memo, const char *uri, enum accept kind, const char *accept)
{
	const struct memo_entry wanted = {.uri = uri, .kind = kind, .accept = accept};
	struct memo_entry *const *found = tfind(&wanted, &memo->tree, compare);
	return found ? *found : NULL;
}

static void set_due(struct memo *memo, uint64_t in_ms)
{
	uint64_t due_ms = clock_now_ms() + in_ms;
	if (due_ms < memo->due_ms)
		memo->due_ms = due_ms;
}

static bool list_insert(struct memo *memo, struct memo_entry *entry, struct dropped *dropped)
{
	struct memo_entry *older = list_find(memo, entry->uri, entry->kind, entry->accept);
	if (older)
		list_remove(memo, older, dropped);
	if (!tsearch(entry, &memo->tree, compare))
		return false;
	TAILQ_INSERT_HEAD(&memo->list, entry, link);
	entry->listed = true;
	entry->found_ms = clock_now_ms();
	memo->count++;
	memo->bytes += body_size(entry);
	list_limit(memo, MEMO_MAX, dropped);
	set_due(memo, SWEEP_MS);
	return true;
}

void memo_reset(struct memo *memo, const struct config *config, const struct cache *cache)
{
	struct dropped dropped = TAILQ_HEAD_INITIALIZER(dropped);
	pthread_mutex_lock(&memo->lock);
	list_limit(memo, 0, &dropped);
	memo->config = config;
	memo->cache = cache;
	pthread_mutex_unlock(&memo->lock);
	release_all(&dropped);
}

void memo_free(struct memo *memo)
{
	if (!memo)
		return;
	struct dropped dropped = TAILQ_HEAD_INITIALIZER(dropped);
	list_limit(memo, 0, &dropped);
	release_all(&dropped);
	pthread_mutex_destroy(&memo->lock);
	free(memo);
}

static char *append(char **at, const char *text)
{
	char *start = *at;
	*at = stpcpy(start, text) + 1;
	return start;
}

static enum accept kind_of(bool negotiated, const char *accept)
{
	return !negotiated ? ACCEPT_IGNORED : accept ? ACCEPT_GIVEN : ACCEPT_ABSENT;
}

static struct memo_entry *entry_new(
	const char *uri, enum accept kind, const char *accept, const struct memo_note *note)
{
	size_t body = note->body ? note->file.length : 0;
	size_t texts = strlen(uri) + strlen(accept) + strlen(note->name) + 3;
	struct memo_entry *entry = malloc(sizeof *entry + texts + body);
	if (!entry)
		return NULL;
	char *at = entry->storage;
	*entry = (struct memo_entry){.note = *note, .kind = kind, .references = 1};
	entry->uri = append(&at, uri);
	entry->accept = append(&at, accept);
	entry->note.name = append(&at, note->name);
	entry->note.body = note->body ? memcpy(at, note->body, body) : NULL;
	return entry;
}

static bool is_known(const struct memo_entry *entry, const struct memo_note *note)
{
	return entry && source_is_unchanged(&entry->note.source, &note->source) &&
	       !memcmp(entry->note.identity.key, note->identity.key, DIGEST_BYTES) &&
	       (!note->kept || (entry->note.kept &&
				       !memcmp(&entry->note.file, &note->file, sizeof note->file)));
}

void memo_keep(struct memo *memo, const struct config *config, const char *uri, const char *accept,
	const struct memo_note *note)
{
	enum accept kind = kind_of(note->negotiated, accept);
	accept = kind == ACCEPT_GIVEN ? accept : "";
	if (strlen(uri) + strlen(accept) > TEXTS_MAX)
		return;
	pthread_mutex_lock(&memo->lock);
	bool wanted = memo->config == config && !is_known(list_find(memo, uri, kind, accept), note);
	pthread_mutex_unlock(&memo->lock);
	struct memo_entry *entry = wanted ? entry_new(uri, kind, accept, note) : NULL;
	if (!entry)
		return;
	struct dropped dropped = TAILQ_HEAD_INITIALIZER(dropped);
	pthread_mutex_lock(&memo->lock);
	bool listed = memo->config == config && list_insert(memo, entry, &dropped);
	pthread_mutex_unlock(&memo->lock);
	release_all(&dropped);
	if (!listed)
		memo_release(&entry->note);
}

const struct memo_note *memo_find(
	struct memo *memo, const struct config *config, const char *uri, const char *accept)
{
	pthread_mutex_lock(&memo->lock);
	struct memo_entry *entry = NULL;
	if (memo->config == config)
		entry = list_find(memo, uri, ACCEPT_IGNORED, "");
	if (memo->config == config && !entry)
		entry = list_find(memo, uri, kind_of(true, accept), accept ? accept : "");
	if (entry && entry->found_ms + MEMO_IDLE_MS <= clock_now_ms())
		entry = NULL;
	if (entry) {
		list_use(memo, entry);
		atomic_fetch_add(&entry->references, 1);
	}
	pthread_mutex_unlock(&memo->lock);
	return entry ? &entry->note : NULL;
}

void memo_forget(struct memo *memo, const struct memo_note *note)
{
	struct dropped dropped = TAILQ_HEAD_INITIALIZER(dropped);
	pthread_mutex_lock(&memo->lock);
	list_remove(memo, entry_of(note), &dropped);
	pthread_mutex_unlock(&memo->lock);
	release_all(&dropped);
}

void memo_used(struct memo *memo, const struct memo_note *note)
{
	struct memo_entry *entry = entry_of(note);
	pthread_mutex_lock(&memo->lock);
	if (!entry->used)
		set_due(memo, TOUCH_MS);
	entry->used = true;
	pthread_mutex_unlock(&memo->lock);
}

uint64_t memo_due(struct memo *memo)
{
	pthread_mutex_lock(&memo->lock);
	uint64_t due_ms = memo->due_ms;
	pthread_mutex_unlock(&memo->lock);
	return due_ms;
}

bool memo_is_due(struct memo *memo)
{
	pthread_mutex_lock(&memo->lock);
	bool due = clock_now_ms() >= memo->due_ms;
	if (due)
		memo->due_ms = CLOCK_NEVER;
	pthread_mutex_unlock(&memo->lock);
	return due;
}

void memo_put_off(struct memo *memo)
{
	pthread_mutex_lock(&memo->lock);
	set_due(memo, TOUCH_MS);
	pthread_mutex_unlock(&memo->lock);
}

/* Takes a reference to each used entry and forgets the idle ones. Returns how many were used. */
static size_t sweep(
	struct memo *memo, struct memo_entry *used[MEMO_MAX], const struct cache **cache)
{
	size_t count = 0;
	struct memo_entry *entry, *next;
	struct dropped dropped = TAILQ_HEAD_INITIALIZER(dropped);
	pthread_mutex_lock(&memo->lock);
	*cache = memo->cache;
	uint64_t now_ms = clock_now_ms();
	for (entry = TAILQ_FIRST(&memo->list); entry; entry = next) {
		next = TAILQ_NEXT(entry, link);
		if (entry->used) {
			atomic_fetch_add(&entry->references, 1);
			used[count++] = entry;
			entry->used = false;
		} else if (entry->found_ms + MEMO_IDLE_MS <= now_ms) {
			list_remove(memo, entry, &dropped);
		}
	}
	if (memo->count > 0)
		set_due(memo, SWEEP_MS);
	pthread_mutex_unlock(&memo->lock);
	release_all(&dropped);
	return count;
}

void memo_tend(struct memo *memo)
{
	struct memo_entry *used[MEMO_MAX];
	const struct cache *cache;
	size_t count = sweep(memo, used, &cache);
	for (size_t i = 0; i < count; i++) {
		cache_touch(cache, used[i]->note.identity.key);
		memo_release(&used[i]->note);
	}
}
