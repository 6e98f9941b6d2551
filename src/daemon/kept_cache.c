/* The cache over a restart: cache/saved.h in the state directory. Workers go on meanwhile: the file is written by the control thread, which yields to
 * them, and of the cache it only reads. */
#include <limits.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/log.h"
#include "cache/saved.h"
#include "daemon/state.h"

#define RETRY_US 60000000 /* how soon is looked again whether the configuration wants it */

static bool path_of(const struct daemon *daemon, char path[PATH_MAX])
{
	int length = snprintf(path, PATH_MAX, "%s/cache.dns", daemon->state_folder);
	return length > 0 && length < PATH_MAX;
}

/* Who is asked when nothing else is said: their answers are those without a group's number. */
static struct hash_key with_servers(struct hash_key key, const struct upstream_target *servers,
                                    size_t count)
{
	for (size_t i = 0; i < count; i++)
		key.seed = hash_bytes(key, &servers[i].key, sizeof servers[i].key);
	return key;
}

/* And whom the recursor asks in turn, and whether it validates: its address is the same in any case. */
static uint64_t upstreams_of(const struct config *config)
{
	const struct config_recursion *recursion = &config->recursion;
	struct hash_key key = {config->upstream_count};
	key = with_servers(key, config->upstreams, config->upstream_count);
	if (!config_recurses(config))
		return key.seed;
	key.seed = hash_bytes(key, &recursion->validates, sizeof recursion->validates);
	return with_servers(key, recursion->forwards, recursion->forward_count).seed;
}

void kept_cache_load(struct daemon *daemon)
{
	const struct config *config = daemon->shared.snapshot->config;
	char path[PATH_MAX], why[OWN_FILE_WHY_MAX] = "can not be read: out of memory";
	struct now begun = clock_now();
	size_t count;
	if (!config->cache.save_us || !path_of(daemon, path))
		return;
	int error = cache_load(daemon->shared.cache, path, upstreams_of(config), begun, &count, why);
	if (error == PF_OK)
		log_info("%zu answers are known from %s, read in %lld ms", count, path,
		         (long long)(clock_now().mono_us - begun.mono_us) / 1000);
	else if (error != PF_ENOENT)
		log_warning("the saved cache, %s, %s; what is missing is asked for anew", path, why);
}

void kept_cache_save(struct daemon *daemon)
{
	const struct snapshot *snapshot = daemon->shared.snapshot;
	char path[PATH_MAX], why[OWN_FILE_WHY_MAX] = "can not be written: out of memory";
	struct cache_stats stats;
	size_t count;
	if (!snapshot || !daemon->shared.cache || !snapshot->config->cache.save_us ||
	    !path_of(daemon, path))
		return;
	cache_stats(daemon->shared.cache, &stats);
	if (stats.inserted == daemon->saved)
		return;
	int error = cache_save(daemon->shared.cache, path, upstreams_of(snapshot->config), clock_now(),
	                       &count, why);
	if (error == PF_OK)
		daemon->saved = stats.inserted;
	else
		log_warning("the cache is not saved: %s %s", path, why);
}

static void on_save(uv_timer_t *timer)
{
	struct daemon *daemon = timer->data;
	kept_cache_save(daemon);
	/* As often as is said now: a reload may have changed it. */
	int64_t every_us = daemon->shared.snapshot->config->cache.save_us;
	uv_timer_start(timer, on_save, (uint64_t)(every_us ? every_us : RETRY_US) / 1000, 0);
}

void kept_cache_start(struct daemon *daemon)
{
	int64_t every_us = daemon->shared.snapshot->config->cache.save_us;
	uv_timer_init(&daemon->loop, &daemon->save);
	daemon->save.data = daemon;
	uv_timer_start(&daemon->save, on_save, (uint64_t)(every_us ? every_us : RETRY_US) / 1000, 0);
}
