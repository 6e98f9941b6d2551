/* Streams of events, see live.h. */
#include "admin/live.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "admin/respond.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/thread.h"
#include "journal/sqlite/sqlite.h"
#include "report/report.h"

#define LOOK_MS 250       /* the journal's writer commits every 200 ms */
#define QUIET_US 15000000 /* then a comment is sent, so that nobody in between takes it for dead */
#define SOCKET_BYTES (64 << 10)
#define LAST_WORDS_BYTES 512 /* kept free in a buffer */

struct live_reader {
	struct admin_live *live;
	struct live_reader *next;
	struct MHD_Connection *connection; /* NULL: not yet */
	bool blocks, suspended;
	bool busy, gone; /* the thread looks for it; its connection has ended meanwhile */
	bool ended;      /* after what is in `out` the stream ends */
	bool queries, events;
	char *journal_path;
	char *texts; /* of the parameters */
	struct params params;
	struct store_filter filter;
	struct tagged tagged;
	struct access *access; /* NULL: whoever came over the control socket stays */
	char session[ACCESS_SECRET_TEXT_MAX], token[ACCESS_SECRET_TEXT_MAX];
	int64_t after_row, wrote_us;
	struct buffer out;
	size_t sent; /* of out */
};

struct admin_live {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool started, ending, refuses;
	size_t count;
	struct live_reader *readers;
};

/* ---- what a reader gets ------------------------------------------------------------------ */

/* Under the lock. */
static void wake(struct live_reader *reader)
{
	if (reader->suspended) {
		reader->suspended = false;
		MHD_resume_connection(reader->connection);
	}
	pthread_cond_broadcast(&reader->live->changed);
}

/* Under the lock. There is room for it. */
static void end_with(struct live_reader *reader, const char *event, const char *why)
{
	buffer_print(&reader->out, "event: %s\ndata: {\"detail\": \"%s\"}\n\n", event, why);
	reader->ended = true;
}

/* Under the lock. What does not fit ends the stream, with the reason. */
static void append(struct live_reader *reader, const struct buffer *text, int64_t now_us)
{
	if (reader->ended || (!text->length && !text->failed))
		return;
	if (reader->sent) {
		memmove(reader->out.data, reader->out.data + reader->sent,
		        reader->out.length - reader->sent);
		reader->out.length -= reader->sent;
		reader->sent = 0;
	}
	if (text->failed ||
	    reader->out.length + text->length + LAST_WORDS_BYTES > LIVE_BUFFER_BYTES_MAX) {
		end_with(
			reader, "lost",
			"This stream was not read fast enough and ends here: connect again, perhaps with a "
			"filter.");
	} else {
		buffer_append(&reader->out, text->data, text->length);
	}
	reader->wrote_us = now_us;
	wake(reader);
}

static int write_bytes(const char *bytes, size_t length, void *data)
{
	buffer_append(data, bytes, length);
	return 0;
}

/* JSON has no line breaks outside of strings, and none unescaped in them: it is one line of data. Takes the document over. */
static void put_event(struct buffer *out, const char *event, int64_t id, json_t *document)
{
	buffer_print(out, "event: %s\n", event);
	if (id)
		buffer_print(out, "id: %lld\n", (long long)id);
	buffer_append(out, "data: ", 6);
	if (!document || json_dump_callback(document, write_bytes, out, JSON_COMPACT))
		out->failed = true;
	buffer_append(out, "\n\n", 2);
	json_decref(document);
}

/* ---- looking at the journal -------------------------------------------------------------- */

struct look {
	struct buffer text;
	int64_t last_row;
	size_t count;
};

static int on_query(void *data, const struct store_query *row)
{
	struct look *look = data;
	look->last_row = row->row;
	look->count++;
	put_event(&look->text, "query", row->row, report_query(row));
	return look->text.failed ? PF_EFULL : PF_OK;
}

/* Without the lock; the reader is busy. */
static void look_at_journal(struct live_reader *reader, struct store *store, struct look *look)
{
	struct store_filter filter = reader->filter;
	buffer_init(&look->text, LIVE_BUFFER_BYTES_MAX);
	look->last_row = reader->after_row;
	filter.after_row = reader->after_row;
	filter.limit = LIVE_ROWS_MAX;
	(void)store->queries(store, &filter, on_query,
	                     look); /* what can not be read now can be later */
	if (look->count == LIVE_ROWS_MAX) {
		buffer_print(&look->text,
		             "event: skipped\ndata: {\"detail\": \"So many came at once that "
		             "only the newest %d are here.\"}\n\n",
		             LIVE_ROWS_MAX);
	}
}

static bool may_stay(const struct live_reader *reader)
{
	if (!reader->access)
		return true;
	return *reader->token ? access_token(reader->access, reader->token) != ACCESS_NOBODY
	                      : access_session(reader->access, reader->session, clock_now(), NULL) !=
	                            ACCESS_NOBODY;
}

static void serve(struct admin_live *live, struct live_reader *reader, struct store *store)
{
	struct look look = {0};
	static const char beat[] = ": still here\n\n";
	if (reader->queries && store)
		look_at_journal(reader, store, &look);
	else
		buffer_init(&look.text, sizeof beat);
	pthread_mutex_lock(&live->lock);
	int64_t now_us = clock_now().mono_us;
	if (reader->queries && store)
		reader->after_row = look.last_row;
	if (!look.text.length && now_us - reader->wrote_us >= QUIET_US)
		buffer_append(&look.text, beat, sizeof beat - 1);
	append(reader, &look.text, now_us);
	if (!reader->ended && !may_stay(reader)) {
		end_with(reader, "over",
		         "The session or the token that this stream was read with has ended.");
		wake(reader);
	}
	reader->busy = false;
	pthread_mutex_unlock(&live->lock);
	buffer_deinit(&look.text);
}

static void reader_free(struct live_reader *reader)
{
	buffer_deinit(&reader->out);
	tagged_deinit(&reader->tagged);
	free(reader->journal_path);
	free(reader->texts);
	free(reader);
}

/* Under the lock: takes out those whose connection has ended while they were served. */
static void sweep(struct admin_live *live)
{
	for (struct live_reader **at = &live->readers; *at;) {
		struct live_reader *reader = *at;
		if (!reader->gone || reader->busy) {
			at = &reader->next;
			continue;
		}
		*at = reader->next;
		live->count--;
		reader_free(reader);
	}
}

/* The next one that was not served in this round; it is busy then. */
static struct live_reader *take(struct admin_live *live, struct live_reader *after)
{
	pthread_mutex_lock(&live->lock);
	struct live_reader *reader = after ? after->next : live->readers;
	while (reader && (reader->gone || reader->ended))
		reader = reader->next;
	if (reader)
		reader->busy = true;
	pthread_mutex_unlock(&live->lock);
	return reader;
}

/* Every reader has the same journal: the daemon's. */
static struct store *open_store(const struct live_reader *reader)
{
	char error[500];
	return reader->journal_path ? sqlite_store_open(reader->journal_path, error, sizeof error)
	                            : NULL;
}

static void look_for_all(struct admin_live *live, struct store **store)
{
	for (struct live_reader *reader = NULL; (reader = take(live, reader));) {
		if (!*store)
			*store = open_store(reader);
		serve(live, reader, *store);
	}
}

static void *run(void *data)
{
	struct admin_live *live = data;
	struct store *store = NULL;
	pthread_mutex_lock(&live->lock);
	while (!live->ending) {
		if (!live->readers && store)
			store->close(&store);
		if (!live->readers) {
			pthread_cond_wait(&live->changed, &live->lock);
			continue;
		}
		pthread_mutex_unlock(&live->lock);
		look_for_all(live, &store);
		pthread_mutex_lock(&live->lock);
		sweep(live);
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOOK_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		while (!live->ending && !pthread_cond_timedwait(&live->changed, &live->lock, &until))
			continue;
	}
	pthread_mutex_unlock(&live->lock);
	if (store)
		store->close(&store);
	return NULL;
}

/* ---- readers ----------------------------------------------------------------------------- */

static int keep_row(void *data, const struct store_query *row)
{
	*(int64_t *)data = row->row;
	return PF_OK;
}

/* Where the journal ends now: whoever has the stream's headers sees all that is asked from then on. */
static int find_end(const char *journal_path, int64_t *row, char error[500])
{
	const struct store_filter newest = {.limit = 1};
	struct store *store = sqlite_store_open(journal_path, error, 500);
	if (!store)
		return PF_EIO;
	*row = 0;
	int result = store->queries(store, &newest, keep_row, row);
	if (result != PF_OK)
		snprintf(error, 500, "%s", *store->error ? store->error : "The journal can not be read.");
	store->close(&store);
	return result;
}

/* The parameters outlive their request. */
static bool copy_params(struct live_reader *reader, const struct params *params)
{
	size_t bytes = 1;
	for (size_t i = 0; i < params->count; i++)
		bytes += strlen(params->list[i].name) + strlen(params->list[i].value) + 2;
	char *at = reader->texts = malloc(bytes);
	if (!at)
		return false;
	for (size_t i = 0; i < params->count; i++) {
		const char *const from[] = {params->list[i].name, params->list[i].value};
		const char *to[2];
		for (size_t k = 0; k < 2; k++) {
			size_t length = strlen(from[k]) + 1;
			to[k] = memcpy(at, from[k], length);
			at += length;
		}
		reader->params.list[reader->params.count++] = (struct param){to[0], to[1]};
	}
	return true;
}

static struct live_reader *reader_new(struct admin_live *live, const struct live_wish *wish,
                                      char error[500])
{
	struct live_reader *reader = calloc(1, sizeof *reader);
	snprintf(error, 500, "There is no memory for another stream.");
	if (!reader)
		return NULL;
	reader->live = live;
	reader->tagged = *wish->tagged;
	*wish->tagged = (struct tagged){0};
	buffer_init(&reader->out, LIVE_BUFFER_BYTES_MAX);
	reader->blocks = wish->blocks;
	reader->queries = wish->queries;
	reader->events = wish->events;
	reader->after_row = wish->after_row;
	if (!wish->caller->local) {
		reader->access = wish->access;
		memcpy(reader->session, wish->caller->session, sizeof reader->session);
		memcpy(reader->token, wish->caller->token, sizeof reader->token);
	}
	reader->wrote_us = clock_now().mono_us;
	if (wish->journal_path)
		reader->journal_path = strdup(wish->journal_path);
	if ((wish->journal_path && !reader->journal_path) || !copy_params(reader, wish->params) ||
	    params_filter(&reader->params, clock_now(), &reader->filter, error) != PF_OK ||
	    (reader->queries && reader->journal_path && reader->after_row < 0 &&
	     find_end(reader->journal_path, &reader->after_row, error) != PF_OK)) {
		reader_free(reader);
		return NULL;
	}
	if (reader->tagged.document) {
		reader->filter.devices = reader->tagged.ids;
		reader->filter.device_count = reader->tagged.count;
	}
	return reader;
}

int live_open(struct admin_live *live, const struct live_wish *wish, struct live_reader **out,
              char error[500])
{
	static const char hello[] = "retry: 2000\n\n";
	int result = PF_OK;
	struct live_reader *reader = reader_new(live, wish, error);
	tagged_deinit(wish->tagged);
	*out = NULL;
	if (!reader)
		return PF_EIO;
	buffer_append(&reader->out, hello, sizeof hello - 1);
	pthread_mutex_lock(&live->lock);
	if (live->refuses || live->count >= LIVE_READERS_MAX) {
		result = PF_EFULL;
	} else {
		reader->next = live->readers;
		live->readers = reader;
		live->count++;
		pthread_cond_broadcast(&live->changed);
	}
	pthread_mutex_unlock(&live->lock);
	if (result == PF_OK) {
		*out = reader;
		return PF_OK;
	}
	reader_free(reader);
	snprintf(error, 500, "There are %d live streams, which is the most: close one of them.",
	         LIVE_READERS_MAX);
	return result;
}

void live_close(struct live_reader *reader)
{
	struct admin_live *live = reader->live;
	pthread_mutex_lock(&live->lock);
	reader->gone = true; /* the thread, or the end, frees it */
	reader->ended = true;
	pthread_cond_broadcast(&live->changed);
	pthread_mutex_unlock(&live->lock);
}

static void on_closed(void *data)
{
	live_close(data);
}

/* libmicrohttpd wants more to send. */
static ssize_t read_more(void *data, uint64_t position, char *bytes, size_t room)
{
	(void)position;
	struct live_reader *reader = data;
	struct admin_live *live = reader->live;
	ssize_t result = 0;
	pthread_mutex_lock(&live->lock);
	while (reader->blocks && reader->sent == reader->out.length && !reader->ended)
		pthread_cond_wait(&live->changed, &live->lock);
	size_t waiting = reader->out.length - reader->sent;
	if (waiting) {
		size_t length = waiting < room ? waiting : room;
		memcpy(bytes, reader->out.data + reader->sent, length);
		reader->sent += length;
		result = (ssize_t)length;
	} else if (reader->ended) {
		result = MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		reader->suspended = true;
		MHD_suspend_connection(reader->connection);
	}
	pthread_mutex_unlock(&live->lock);
	return result;
}

/* Else the kernel would keep megabytes for whoever does not read, and that would be known late. */
static void keep_small(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	int bytes = SOCKET_BYTES;
	if (info)
		(void)setsockopt(info->connect_fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

enum MHD_Result live_respond(struct live_reader *reader, struct MHD_Connection *connection)
{
	reader->connection = connection;
	keep_small(connection);
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_more, reader, on_closed);
	if (!response) {
		live_close(reader);
		return MHD_NO;
	}
	enum MHD_Result result = respond_queue(connection, 200, response, "text/event-stream", NULL);
	MHD_destroy_response(response);
	return result;
}

/* ---- events ------------------------------------------------------------------------------ */

static json_t *event_json(const struct event *event)
{
	char time[CLOCK_TEXT_MAX];
	clock_format(event->time_wall_us, time);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "time", time, "kind",
	                 event_word(event->kind), "device", event->device_name, "device_id",
	                 event->device_id, "name", event->name, "before", event->before, "after",
	                 event->after, "evidence", event->evidence, "text", event->text);
}

static bool wants(const struct live_reader *reader, const struct event *event)
{
	const struct store_filter *filter = &reader->filter;
	if (!reader->events || reader->gone)
		return false;
	if (filter->device && strcmp(filter->device, event->device_name) &&
	    strcmp(filter->device, event->device_id))
		return false;
	bool among = !filter->devices;
	for (size_t i = 0; i < filter->device_count && !among; i++)
		among = !strcmp(filter->devices[i], event->device_id);
	return among;
}

static void raise_event(void *data, const struct event *event)
{
	struct admin_live *live = data;
	struct buffer text;
	buffer_init(&text, LIVE_BUFFER_BYTES_MAX);
	pthread_mutex_lock(&live->lock);
	if (live->readers)
		put_event(&text, "event", 0, event_json(event));
	for (struct live_reader *reader = live->readers; reader; reader = reader->next)
		if (wants(reader, event))
			append(reader, &text, clock_now().mono_us);
	pthread_mutex_unlock(&live->lock);
	buffer_deinit(&text);
}

struct event_outlet admin_live_outlet(struct admin_live *live)
{
	return (struct event_outlet){raise_event, live};
}

/* ---- life -------------------------------------------------------------------------------- */

struct admin_live *admin_live_new(void)
{
	struct admin_live *live = calloc(1, sizeof *live);
	if (!live)
		return NULL;
	pthread_mutex_init(&live->lock, NULL);
	pthread_cond_init(&live->changed, NULL);
	live->started = thread_start(&live->thread, run, live) == PF_OK;
	if (live->started)
		return live;
	admin_live_free(&live);
	return NULL;
}

void live_end(struct admin_live *live)
{
	pthread_mutex_lock(&live->lock);
	live->refuses = true;
	for (struct live_reader *reader = live->readers; reader; reader = reader->next) {
		reader->ended = true;
		wake(reader);
	}
	pthread_mutex_unlock(&live->lock);
}

void admin_live_free(struct admin_live **live)
{
	struct admin_live *old = *live;
	*live = NULL;
	if (!old)
		return;
	pthread_mutex_lock(&old->lock);
	old->ending = true;
	pthread_cond_broadcast(&old->changed);
	pthread_mutex_unlock(&old->lock);
	if (old->started)
		pthread_join(old->thread, NULL);
	sweep(old);
	pthread_cond_destroy(&old->changed);
	pthread_mutex_destroy(&old->lock);
	free(old);
}
