/* cache: how much is kept of what upstreams said, and for how long. */
#include "config/sections.h"
#include "config/values.h"
#include "dns/answer.h"

#define BYTES_DEFAULT (64u << 20)
#define BYTES_MIN (1u << 20)
#define BYTES_MAX (1ull << 38) /* 256G: more memory than any machine that forwards DNS */
#define STALE_DEFAULT_US (86400LL * 1000000) /* RFC 8767, 5: one to three days */
#define STALE_MAX_US (3 * STALE_DEFAULT_US)
#define SAVE_DEFAULT_US (300LL * 1000000)
#define SAVE_MIN_US 1000000LL
#define SAVE_MAX_US (86400LL * 1000000)
#define TTL_MIN_MAX_US (3600LL * 1000000) /* longer, and what has moved is looked for in vain */

static void read_size(struct reader *reader, const struct node *node, void *target)
{
	uint64_t bytes;
	if (value_size(reader, node, "cache.size", BYTES_MIN, BYTES_MAX, &bytes))
		((struct config_cache *)target)->bytes = (size_t)bytes;
}

static void read_stale(struct reader *reader, const struct node *node, void *target)
{
	struct config_cache *cache = target;
	int64_t stale_us = STALE_DEFAULT_US;
	int word = value_switch(node);
	if (word < 0)
		reader_duration(reader, node, "cache.stale", &stale_us);
	if (stale_us > STALE_MAX_US)
		tell_error(reader, node->pos,
		           "`cache.stale` must be at most 3d (RFC 8767): an address that is older is "
		           "probably somebody else's");
	cache->stale_us = word == 0 ? 0 : stale_us;
}

/* A duration of whole seconds up to a maximum. */
static void read_ttl(struct reader *reader, const struct node *node, const char *key,
                     int64_t max_us, uint32_t *ttl_s)
{
	int64_t ttl_us = 0;
	reader_duration(reader, node, key, &ttl_us);
	if (ttl_us > max_us || ttl_us % 1000000)
		tell_error(reader, node->pos, "`%s` must be whole seconds, at most %s", key,
		           max_us == TTL_MIN_MAX_US ? "1h" : "1d");
	else if (ttl_us)
		*ttl_s = (uint32_t)(ttl_us / 1000000);
}

static void read_min_ttl(struct reader *reader, const struct node *node, void *target)
{
	read_ttl(reader, node, "cache.min-ttl", TTL_MIN_MAX_US,
	         &((struct config_cache *)target)->ttl_min_s);
}

static void read_max_ttl(struct reader *reader, const struct node *node, void *target)
{
	read_ttl(reader, node, "cache.max-ttl", ANSWER_TTL_MAX * 1000000LL,
	         &((struct config_cache *)target)->ttl_max_s);
}

static void read_prefetch(struct reader *reader, const struct node *node, void *target)
{
	int word = value_switch(node);
	if (word < 0)
		tell_error(reader, node->pos, "`cache.prefetch` must be `on` or `off`");
	else
		((struct config_cache *)target)->prefetch = word;
}

static void read_save(struct reader *reader, const struct node *node, void *target)
{
	struct config_cache *cache = target;
	int word = value_switch(node);
	if (word == 1)
		cache->save_us = SAVE_DEFAULT_US;
	if (word >= 0)
		return;
	reader_duration(reader, node, "cache.save", &cache->save_us);
	if (cache->save_us && (cache->save_us < SAVE_MIN_US || cache->save_us > SAVE_MAX_US))
		tell_error(
			reader, node->pos,
			"`cache.save` must be `on`, `off` or a time from 1s to 1d: so often is it saved");
}

void section_cache(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"size", read_size, false},         {"stale", read_stale, false},
		{"min-ttl", read_min_ttl, false},   {"max-ttl", read_max_ttl, false},
		{"prefetch", read_prefetch, false}, {"save", read_save, false},
	};
	struct config_cache *cache = &((struct config *)target)->cache;
	(void)reader_mapping(reader, node, "`cache`", fields, PF_COUNT(fields), cache);
	if (cache->ttl_min_s > cache->ttl_max_s)
		tell_error(reader, node->pos, "`cache.min-ttl` is over `cache.max-ttl`");
}

void default_cache(struct reader *reader)
{
	reader->config->cache = (struct config_cache){.bytes = BYTES_DEFAULT,
	                                              .stale_us = STALE_DEFAULT_US,
	                                              .ttl_max_s = ANSWER_TTL_MAX,
	                                              .prefetch = true};
}
