/* Fuzzes the reader of the saved cache: a good file, made once, is changed as the input says and stamped as right; what is taken all the same must be
 * harmless to answer from. As in fuzz_store the corpus holds changes: the first two bytes say how many bytes are cut from the end, then each four are an
 * offset, what is done there, and a byte. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/saved.h"
#include "dns/reply.h"
#include "dns/unfold.h"
#include "unit/cache/kept.h"

#define FILE_BYTES_MAX 4096
#define ENTRIES 3

static const struct now now = {.mono_us = 50000000, .wall_us = 1000000000};

struct base {
	uint8_t bytes[FILE_BYTES_MAX];
	size_t length;
};

static void demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_cache: %s\n", what);
	abort();
}

static void make_base(struct base *base)
{
	char path[] = "/tmp/fuzz_cache.XXXXXX", why[OWN_FILE_WHY_MAX];
	struct cache *cache = cache_new(1 << 20, (struct hash_key){1});
	size_t count;
	int fd = mkstemp(path);
	demand(cache && fd >= 0, "there is no cache or no file");
	close(fd);
	for (uint64_t space = 0; space < ENTRIES; space++) {
		struct cache_entry *entry = kept_entry(cache, space, now);
		demand(entry, "the answer is refused");
		cache_insert(cache, entry, now);
		cache_entry_unref(entry);
	}
	demand(cache_save(cache, path, 0, now, &count, why) == PF_OK, "it is not saved");
	cache_free(&cache);
	FILE *file = fopen(path, "r");
	demand(file && count == ENTRIES, "there is no file");
	base->length = fread(base->bytes, 1, sizeof base->bytes, file);
	fclose(file);
	unlink(path);
}

static bool answer_from(void *data, const struct cache_entry *entry)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	const struct reply_options options = {.ede = DNS_EDE_NONE};
	static struct answer_room room;
	struct answer answer;
	struct cache_key key;
	struct dns_name servers[ANSWER_SERVER_MAX];
	(void)data;
	cache_entry_key(entry, &key);
	cache_entry_answer(entry, &answer);
	answer_unfold(&answer, &room);
	struct dns_query query = {.name = key.name, .type = key.type, .class = key.class};
	query.question_length = (uint16_t)(key.name.length + 4);
	memcpy(query.question, answer.wire + DNS_HEADER_BYTES, query.question_length);
	demand(reply_from_answer(out, &query, &answer, 1, &options) >= DNS_HEADER_BYTES,
	       "there is no reply");
	answer_servers(&answer, servers);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct base base; /* made by the first input; constant from then on */
	struct base changed;
	char why[OWN_FILE_WHY_MAX];
	size_t count;
	if (!base.length) {
		rcu_register_thread();
		make_base(&base);
	}
	if (size < 2)
		return 0;
	changed = base;
	size_t cut = (size_t)(data[0] | data[1] << 8);
	for (size_t at = 2; at + 4 <= size; at += 4) {
		size_t offset = (size_t)(data[at] | data[at + 1] << 8) % base.length;
		changed.bytes[offset] =
			data[at + 2] & 1 ? changed.bytes[offset] ^ data[at + 3] : data[at + 3];
	}
	changed.length -= cut < base.length ? cut : base.length;
	if (changed.length > sizeof(struct own_header))
		cache_stamp(changed.bytes, changed.length);
	struct cache *cache = cache_new(1 << 20, (struct hash_key){2});
	demand(cache, "no memory");
	int error = cache_read(cache, changed.bytes, changed.length, 0, now, &count, why);
	demand(error == PF_OK || size > 2 || cut, "the file that nobody changed is refused");
	cache_each(cache, now, answer_from, NULL);
	cache_free(&cache);
	rcu_barrier(); /* what it held is free before the next input */
	return 0;
}
