/* SPDX-License-Identifier: MIT */
/* A tree for finding, a list for forgetting: the one that was used last stands first. Who has found an entry holds it by a reference,
 * so that it can be forgotten meanwhile; it never changes but for the mark that it was used. */
#include "src/request/recall.h"

#include <errno.h>
#include <pthread.h>
#include <search.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "src/source.h"

enum {
	TEXTS_MAX = 2048, /* of longer URLs and Accept fields nothing is remembered */
	TOUCH_MS = 100,
	SWEEP_MS = RECALL_IDLE_MS / 2,
};

/* What there is to know of the Accept field: where it was looked at, none is something else than an empty one. */
enum accept { ACCEPT_IGNORED, ACCEPT_ABSENT, ACCEPT_GIVEN };

struct recalled {
	struct recall_note note;
	const char *uri;
	enum accept kind;
	const char *accept;
	atomic_uint references;
	/* With the lock. */
	bool listed;
	bool used; /* since its time of access was set in the cache */
	uint64_t found_ms;
	TAILQ_ENTRY(recalled) place;
	char storage[];
};

struct recall {
	pthread_mutex_t lock;
	const struct config *config; /* never followed: to be compared with */
	const struct cache *cache;
	unsigned count;
	size_t bytes; /* of bodies */
	void *tree;
	TAILQ_HEAD(entries, recalled) list;
	uint64_t due_ms;
};

static int compare(const void *a, const void *b)
{
	const struct recalled *one = a, *other = b;
	int order = strcmp(one->uri, other->uri);
	if (order == 0)
		order = (int)one->kind - (int)other->kind;
	return order ? order : strcmp(one->accept, other->accept);
}

static struct recalled *entry_of(const struct recall_note *note)
{
	return (struct recalled *)((char *)note - offsetof(struct recalled, note));
}

int recall_new(struct recall **out)
{
	struct recall *recall = calloc(1, sizeof *recall);
	if (!recall)
		return -ENOMEM;
	pthread_mutex_init(&recall->lock, NULL);
	TAILQ_INIT(&recall->list);
	recall->due_ms = CLOCK_NEVER;
	*out = recall;
	return 0;
}

void recall_release(const struct recall_note *note)
{
	struct recalled *entry = entry_of(note);
	if (atomic_fetch_sub(&entry->references, 1) > 1)
		return;
	free(entry);
}

static size_t body_size(const struct recalled *entry)
{
	return entry->note.body ? entry->note.file.length : 0;
}

/* What was taken out of the list under the lock, and is released after it: to free megabytes
 * takes time. */
TAILQ_HEAD(dropped, recalled);

static void release_all(struct dropped *dropped)
{
	struct recalled *entry;
	while ((entry = TAILQ_FIRST(dropped))) {
		TAILQ_REMOVE(dropped, entry, place);
		recall_release(&entry->note);
	}
}

/* With the lock, like all that begins with `list_`. */
static void list_remove(struct recall *recall, struct recalled *entry, struct dropped *dropped)
{
	if (!entry->listed)
		return;
	tdelete(entry, &recall->tree, compare);
	TAILQ_REMOVE(&recall->list, entry, place);
	entry->listed = false;
	recall->count--;
	recall->bytes -= body_size(entry);
	TAILQ_INSERT_TAIL(dropped, entry, place);
}

static void list_limit(struct recall *recall, unsigned max, struct dropped *dropped)
{
	while (recall->count > max || recall->bytes > RECALL_BYTES)
		list_remove(recall, TAILQ_LAST(&recall->list, entries), dropped);
}

static void list_use(struct recall *recall, struct recalled *entry)
{
	entry->found_ms = clock_now_ms();
	TAILQ_REMOVE(&recall->list, entry, place);
	TAILQ_INSERT_HEAD(&recall->list, entry, place);
}

static struct recalled *list_find(
	struct recall *recall, const char *uri, enum accept kind, const char *accept)
{
	const struct recalled wanted = {.uri = uri, .kind = kind, .accept = accept};
	struct recalled *const *found = tfind(&wanted, &recall->tree, compare);
	return found ? *found : NULL;
}

static void set_due(struct recall *recall, uint64_t in_ms)
{
	uint64_t due_ms = clock_now_ms() + in_ms;
	if (due_ms < recall->due_ms)
		recall->due_ms = due_ms;
}

static bool list_insert(struct recall *recall, struct recalled *entry, struct dropped *dropped)
{
	struct recalled *older = list_find(recall, entry->uri, entry->kind, entry->accept);
	if (older)
		list_remove(recall, older, dropped);
	if (!tsearch(entry, &recall->tree, compare))
		return false;
	TAILQ_INSERT_HEAD(&recall->list, entry, place);
	entry->listed = true;
	entry->found_ms = clock_now_ms();
	recall->count++;
	recall->bytes += body_size(entry);
	list_limit(recall, RECALL_MAX, dropped);
	set_due(recall, SWEEP_MS);
	return true;
}

void recall_reset(struct recall *recall, const struct config *config, const struct cache *cache)
{
	struct dropped dropped = TAILQ_HEAD_INITIALIZER(dropped);
	pthread_mutex_lock(&recall->lock);
	list_limit(recall, 0, &dropped);
	recall->config = config;
	recall->cache = cache;
	pthread_mutex_unlock(&recall->lock);
	release_all(&dropped);
}

void recall_free(struct recall *recall)
{
	if (!recall)
		return;
	struct dropped dropped = TAILQ_HEAD_INITIALIZER(dropped);
	list_limit(recall, 0, &dropped);
	release_all(&dropped);
	pthread_mutex_destroy(&recall->lock);
	free(recall);
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

static struct recalled *entry_new(
	const char *uri, enum accept kind, const char *accept, const struct recall_note *note)
{
	size_t body = note->body ? note->file.length : 0;
	size_t texts = strlen(uri) + strlen(accept) + strlen(note->name) + 3;
	struct recalled *entry = malloc(sizeof *entry + texts + body);
	if (!entry)
		return NULL;
	char *at = entry->storage;
	*entry = (struct recalled){.note = *note, .kind = kind, .references = 1};
	entry->uri = append(&at, uri);
	entry->accept = append(&at, accept);
	entry->note.name = append(&at, note->name);
	entry->note.body = note->body ? memcpy(at, note->body, body) : NULL;
	return entry;
}

static bool is_known(const struct recalled *entry, const struct recall_note *note)
{
	return entry && source_is_unchanged(&entry->note.source, &note->source) &&
	       !memcmp(entry->note.validator.key, note->validator.key, DIGEST_BYTES) &&
	       (!note->kept || (entry->note.kept &&
				       !memcmp(&entry->note.file, &note->file, sizeof note->file)));
}

void recall_keep(struct recall *recall, const struct config *config, const char *uri,
	const char *accept, const struct recall_note *note)
{
	enum accept kind = kind_of(note->negotiated, accept);
	accept = kind == ACCEPT_GIVEN ? accept : "";
	if (strlen(uri) + strlen(accept) > TEXTS_MAX)
		return;
	pthread_mutex_lock(&recall->lock);
	bool wanted =
		recall->config == config && !is_known(list_find(recall, uri, kind, accept), note);
	pthread_mutex_unlock(&recall->lock);
	struct recalled *entry = wanted ? entry_new(uri, kind, accept, note) : NULL;
	if (!entry)
		return;
	struct dropped dropped = TAILQ_HEAD_INITIALIZER(dropped);
	pthread_mutex_lock(&recall->lock);
	bool listed = recall->config == config && list_insert(recall, entry, &dropped);
	pthread_mutex_unlock(&recall->lock);
	release_all(&dropped);
	if (!listed)
		recall_release(&entry->note);
}

const struct recall_note *recall_find(
	struct recall *recall, const struct config *config, const char *uri, const char *accept)
{
	pthread_mutex_lock(&recall->lock);
	struct recalled *entry = NULL;
	if (recall->config == config)
		entry = list_find(recall, uri, ACCEPT_IGNORED, "");
	if (recall->config == config && !entry)
		entry = list_find(recall, uri, kind_of(true, accept), accept ? accept : "");
	if (entry && entry->found_ms + RECALL_IDLE_MS <= clock_now_ms())
		entry = NULL;
	if (entry) {
		list_use(recall, entry);
		atomic_fetch_add(&entry->references, 1);
	}
	pthread_mutex_unlock(&recall->lock);
	return entry ? &entry->note : NULL;
}

void recall_forget(struct recall *recall, const struct recall_note *note)
{
	struct dropped dropped = TAILQ_HEAD_INITIALIZER(dropped);
	pthread_mutex_lock(&recall->lock);
	list_remove(recall, entry_of(note), &dropped);
	pthread_mutex_unlock(&recall->lock);
	release_all(&dropped);
}

void recall_used(struct recall *recall, const struct recall_note *note)
{
	struct recalled *entry = entry_of(note);
	pthread_mutex_lock(&recall->lock);
	if (!entry->used)
		set_due(recall, TOUCH_MS);
	entry->used = true;
	pthread_mutex_unlock(&recall->lock);
}

uint64_t recall_due(struct recall *recall)
{
	pthread_mutex_lock(&recall->lock);
	uint64_t due_ms = recall->due_ms;
	pthread_mutex_unlock(&recall->lock);
	return due_ms;
}

bool recall_is_due(struct recall *recall)
{
	pthread_mutex_lock(&recall->lock);
	bool due = clock_now_ms() >= recall->due_ms;
	if (due)
		recall->due_ms = CLOCK_NEVER;
	pthread_mutex_unlock(&recall->lock);
	return due;
}

void recall_put_off(struct recall *recall)
{
	pthread_mutex_lock(&recall->lock);
	set_due(recall, TOUCH_MS);
	pthread_mutex_unlock(&recall->lock);
}

/* Takes a reference to each that was used; forgets what was not. Returns how many. */
static size_t sweep(
	struct recall *recall, struct recalled *used[RECALL_MAX], const struct cache **cache)
{
	size_t count = 0;
	struct recalled *entry, *next;
	struct dropped dropped = TAILQ_HEAD_INITIALIZER(dropped);
	pthread_mutex_lock(&recall->lock);
	*cache = recall->cache;
	uint64_t now_ms = clock_now_ms();
	for (entry = TAILQ_FIRST(&recall->list); entry; entry = next) {
		next = TAILQ_NEXT(entry, place);
		if (entry->used) {
			atomic_fetch_add(&entry->references, 1);
			used[count++] = entry;
			entry->used = false;
		} else if (entry->found_ms + RECALL_IDLE_MS <= now_ms) {
			list_remove(recall, entry, &dropped);
		}
	}
	if (recall->count > 0)
		set_due(recall, SWEEP_MS);
	pthread_mutex_unlock(&recall->lock);
	release_all(&dropped);
	return count;
}

void recall_tend(struct recall *recall)
{
	struct recalled *used[RECALL_MAX];
	const struct cache *cache;
	size_t count = sweep(recall, used, &cache);
	for (size_t i = 0; i < count; i++) {
		cache_touch(cache, used[i]->note.validator.key);
		recall_release(&used[i]->note);
	}
}
