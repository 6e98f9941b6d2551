/* The life of one source: from the timer to a round, from its end to the copy, the log and the next timer. */
#include "fetch/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"

#define SHRINK_FACTOR \
	10 /* a list that falls to under a tenth of its names is taken for an accident … */
#define SHRINK_NAMES_MIN 20    /* … unless it was so short that a person wrote it */
#define BEGIN_PAUSE_US 1000000 /* between rounds that strangers can ask for (NOTIFY) */

static void on_timer(uv_timer_t *timer);

/* ---- the configuration's words ----------------------------------------------------------- */

static void list_deinit(struct config_list *list)
{
	if (list->rpz)
		free(list->rpz->secret_file);
	free(list->rpz);
	free(list->name);
	free(list->file);
	free(list->url);
	free(list->ca_file);
	*list = (struct config_list){0};
}

static bool copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

static int list_copy(struct config_list *to, const struct config_list *from)
{
	*to = *from;
	to->rpz = from->rpz ? malloc(sizeof *to->rpz) : NULL;
	bool whole = !from->rpz || to->rpz;
	if (to->rpz) {
		*to->rpz = *from->rpz;
		whole &= copy_text(&to->rpz->secret_file, from->rpz->secret_file);
	}
	whole &= copy_text(&to->name, from->name);
	whole &= copy_text(&to->file, from->file);
	whole &= copy_text(&to->url, from->url);
	whole &= copy_text(&to->ca_file, from->ca_file);
	if (whole)
		return PF_OK;
	list_deinit(to);
	return PF_ENOMEM;
}

static void describe(struct source *source)
{
	const struct config_rpz *rpz = source->list.rpz;
	struct fetch_status *status = &source->status;
	char zone[NAME_TEXT_MAX], primary[ADDR_PORT_TEXT_MAX];
	snprintf(status->list, sizeof status->list, "%s", source->list.name);
	if (!rpz) {
		snprintf(status->url, sizeof status->url, "%s", source->list.url);
		return;
	}
	dns_name_to_text(&rpz->zone, zone);
	addr_port_format(&rpz->primary, primary);
	snprintf(status->url, sizeof status->url, "%s of %s", zone, primary);
}

/* For other threads to see; under the lock. */
static void show_state(struct source *source)
{
	struct fetch_status *status = &source->status;
	const struct copy_state *state = &source->state;
	status->bytes = state->bytes;
	status->fetched_wall_us = state->fetched_wall_us;
	status->checked_wall_us = state->checked_wall_us;
	status->has_serial = state->has_serial && !state->expired;
	status->serial = state->serial;
	status->expired = state->expired;
}

/* ---- when -------------------------------------------------------------------------------- */

static uint64_t draw(void)
{
	uint64_t random;
	random_bytes(&random, sizeof random);
	return random;
}

/* Sets the timer for the next round or for the end of the zone, whichever comes first. */
static void arm(struct source *source, struct now now)
{
	int64_t delay_us = source->next_mono_us - now.mono_us;
	int64_t expiry_us = schedule_expiry_us(&source->state, now);
	if (expiry_us < delay_us || source->download || source->conversation)
		delay_us = expiry_us;
	if (delay_us == INT64_MAX)
		uv_timer_stop(&source->timer);
	else
		uv_timer_start(&source->timer, on_timer,
		               (uint64_t)(delay_us > 0 ? (delay_us + 999) / 1000 : 0), 0);
}

static void put_off(struct source *source, int64_t delay_us, struct now now)
{
	source->next_mono_us = now.mono_us + delay_us;
	pthread_mutex_lock(&source->fetch->lock);
	source->status.next_wall_us = now.wall_us + delay_us;
	pthread_mutex_unlock(&source->fetch->lock);
	arm(source, now);
}

bool source_expire(const char *path, const char *list, struct copy_state *state, struct now now)
{
	if (schedule_expiry_us(state, now) > 0)
		return false;
	log_warning(
		"the list `%s`: its zone has expired, its primary was silent for %u s; it is not used "
		"any more until the primary answers",
		list, state->expire_s);
	unlink(path);
	state->expired = true;
	state->names = state->bytes = 0;
	if (copy_save(path, state) != PF_OK)
		log_warning("%s.state can not be written: %s", path, strerror(errno));
	return true;
}

static void on_timer(uv_timer_t *timer)
{
	struct source *source = timer->data;
	struct now now = clock_now();
	if (source_expire(source->list.file, source->list.name, &source->state, now)) {
		pthread_mutex_lock(&source->fetch->lock);
		show_state(source);
		pthread_mutex_unlock(&source->fetch->lock);
		fetch_round_ended(source->fetch, true);
	}
	if (now.mono_us >= source->next_mono_us && !source->download && !source->conversation)
		source_begin(source);
	else
		arm(source, now);
}

/* ---- life -------------------------------------------------------------------------------- */

struct source *source_new(struct fetch *fetch, const struct config_list *list, struct now now)
{
	struct source *source = calloc(1, sizeof *source);
	if (!source || list_copy(&source->list, list) != PF_OK) {
		free(source);
		return NULL;
	}
	source->fetch = fetch;
	source->id = ++fetch->last_id;
	uv_timer_init(fetch->loop, &source->timer);
	source->timer.data = source;
	copy_load(list->file, &source->state);
	describe(source);
	show_state(source);
	put_off(source, schedule_first_us(source, now, draw()), now);
	return source;
}

static void on_closed(uv_handle_t *handle)
{
	struct source *source = handle->data;
	list_deinit(&source->list);
	free(source);
}

void source_close(struct source *source)
{
	if (source->download || source->conversation)
		source->fetch->running--;
	download_abort(source);
	conversation_abort(source);
	uv_close((uv_handle_t *)&source->timer, on_closed);
}

int source_adopt(struct source *source, const struct config_list *list)
{
	struct config_list copy;
	if (list_copy(&copy, list) != PF_OK)
		return PF_ENOMEM;
	bool sooner = copy.refresh_us < source->list.refresh_us;
	list_deinit(&source->list);
	source->list = copy;
	struct now now = clock_now();
	if (sooner && !source->failures && !source->download && !source->conversation)
		put_off(source, schedule_first_us(source, now, draw()), now);
	return PF_OK;
}

/* ---- rounds ------------------------------------------------------------------------------ */

void source_begin(struct source *source)
{
	struct fetch *fetch = source->fetch;
	struct now now = clock_now();
	if (source->download || source->conversation) {
		source->again = true;
		return;
	}
	int64_t pause_us = source->started_mono_us + BEGIN_PAUSE_US - now.mono_us;
	bool turn = fetch->running < FETCH_JOBS_MAX;
	if (!turn || (source->started_mono_us && pause_us > 0)) {
		/* The end of another round begins it (fetch_round_ended), or the timer. */
		pthread_mutex_lock(&fetch->lock);
		source->status.phase = turn ? FETCH_RESTING : FETCH_WAITING;
		pthread_mutex_unlock(&fetch->lock);
		put_off(source, turn ? pause_us : BEGIN_PAUSE_US, now);
		return;
	}
	fetch->running++;
	source->again = false;
	source->started_mono_us = now.mono_us;
	source->retry_after_us = 0;
	pthread_mutex_lock(&fetch->lock);
	source->status.phase = FETCH_RUNNING;
	source->status.bytes = 0; /* of this round from now on */
	source->wanted = false;
	pthread_mutex_unlock(&fetch->lock);
	uv_timer_stop(&source->timer);
	if (source->list.rpz)
		conversation_start(source);
	else
		download_start(source);
	if (source->download || source->conversation)
		arm(source, now);
}

void source_progress(struct source *source, uint64_t bytes)
{
	pthread_mutex_lock(&source->fetch->lock);
	source->status.bytes = bytes;
	pthread_mutex_unlock(&source->fetch->lock);
}

static void log_round(const struct source *source, enum round round, const char *error)
{
	const char *name = source->list.name, *from = source->status.url;
	unsigned long long names = source->state.names, bytes = source->state.bytes;
	if (round == ROUND_CHANGED && source->list.rpz)
		log_info("the list `%s` was fetched from %s, %s: serial %u, %llu entries in %llu bytes",
		         name, from, source->incremental ? "as differences" : "whole", source->state.serial,
		         names, bytes);
	else if (round == ROUND_CHANGED)
		log_info("the list `%s` was fetched from %s: %llu entries in %llu bytes", name, from, names,
		         bytes);
	else if (round == ROUND_FAILED)
		log_warning("the list `%s` could not be fetched from %s: %s; %s", name, from, error,
		            source->state.checked_wall_us && !source->state.expired
		                ? "its last good copy stays in use"
		                : "there is no copy of it, so that it holds no name");
}

void source_finish(struct source *source, enum round round, const char *error)
{
	struct fetch *fetch = source->fetch;
	struct now now = clock_now();
	fetch->running--;
	log_round(source, round, error);
	source->failures = round == ROUND_FAILED ? source->failures + 1 : 0;
	if (round != ROUND_FAILED) {
		source->state.checked_wall_us = now.wall_us;
		source->state.expired = false;
		if (round == ROUND_CHANGED)
			source->state.fetched_wall_us = now.wall_us;
		if (copy_save(source->list.file, &source->state) != PF_OK)
			log_warning("%s.state can not be written: %s", source->list.file, strerror(errno));
	}
	pthread_mutex_lock(&fetch->lock);
	show_state(source);
	source->status.phase = FETCH_RESTING;
	snprintf(source->status.error, sizeof source->status.error, "%s",
	         round == ROUND_FAILED ? error : "");
	source->unreported++;
	pthread_mutex_unlock(&fetch->lock);
	put_off(source, source->again ? 0 : schedule_next_us(source, draw()), now);
	fetch_round_ended(fetch, round == ROUND_CHANGED);
}

enum round source_take(struct source *source, struct replacement *writer,
                       char error[FETCH_ERROR_MAX])
{
	struct copy_state *state = &source->state;
	uint64_t names = 0, bytes = writer->bytes;
	*error = '\0';
	if (state->checked_wall_us && replace_is_same(writer)) {
		replace_abort(writer);
		return ROUND_SAME;
	}
	if (candidate_read(&source->list, writer->aside, &names, error) != PF_OK)
		return ROUND_FAILED;
	if (state->names >= SHRINK_NAMES_MIN && names * SHRINK_FACTOR < state->names) {
		snprintf(error, FETCH_ERROR_MAX,
		         "what came has %llu names where there were %llu, which looks like an accident; to "
		         "take it all the same, remove %.180s and update again",
		         (unsigned long long)names, (unsigned long long)state->names, writer->path);
		return ROUND_FAILED;
	}
	if (replace_commit(writer, REPLACE_SYNCED) != PF_OK) {
		snprintf(error, FETCH_ERROR_MAX, "the copy can not be written: %s", strerror(errno));
		return ROUND_FAILED;
	}
	state->names = names;
	state->bytes = bytes;
	return ROUND_CHANGED;
}
