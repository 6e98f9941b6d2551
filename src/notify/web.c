/* Webhooks and ntfy: one POST for each event. */
#include <stdio.h>
#include <string.h>

#include "notify/state.h"

#define HEADER_MAX (SECRET_BYTES_MAX + 64)
#define TIMEOUT_MS 20000

static void on_posted(void *data, const struct http_result *result)
{
	struct target *target = data;
	char error[NOTIFY_ERROR_MAX];
	target->post = NULL;
	if (result->error) {
		target_delivered(target, result->error, false);
	} else if (result->status >= 200 && result->status < 300) {
		target_delivered(target, NULL, true);
	} else {
		/* What the client did wrong stays wrong, but for "timeout" and "too many" (RFC 9110, 15.5; RFC 6585, 4). */
		bool final = result->status < 500 && result->status != 408 && result->status != 429;
		snprintf(error, sizeof error, "the server says %u.", result->status);
		target_delivered(target, error, final);
	}
}

static void post(struct target *target, const char *const *headers, size_t header_count,
                 const char *body, size_t length)
{
	struct http_request request = {
		.url = target->config.where,
		.ca_file = target->config.ca_file,
		.headers = headers,
		.header_count = header_count,
		.body = body,
		.body_length = length,
		.timeout_ms = TIMEOUT_MS,
	};
	target->post = http_post_start(target->notify->http, &request, on_posted, target);
	if (!target->post)
		target_delivered(target, "there is no memory.", false);
}

static void abort_post(struct target *target)
{
	if (target->post)
		http_post_abort(&target->post);
}

static void start_webhook(struct target *target)
{
	const struct event *event = &target->queue[0];
	struct buffer body;
	char kind[64], signature[SIGNATURE_MAX + 32] = "X-Portafilter-Signature: ";
	const char *headers[] = {"Content-Type: application/json", kind, signature};
	snprintf(kind, sizeof kind, "X-Portafilter-Event: %s", event_word(event->kind));
	buffer_init(&body, BODY_BYTES_MAX);
	bool whole = message_json(event, &body);
	if (whole && target->secret_length)
		whole = message_sign(target->secret, target->secret_length, body.data, body.length,
		                     signature + strlen(signature)) == PF_OK;
	if (whole)
		post(target, headers, target->secret_length ? 3 : 2, body.data, body.length);
	else
		target_delivered(target, "there is no memory.", false);
	buffer_deinit(&body);
}

const struct sender sender_webhook = {"webhook", start_webhook, abort_post};

/* https://docs.ntfy.sh/publish: the text is the body; title, tags and the access token are headers. */
static void start_ntfy(struct target *target)
{
	const struct event *event = &target->queue[0];
	char title[64], token[HEADER_MAX];
	const char *headers[] = {title, "Tags: coffee", "Content-Type: text/plain; charset=utf-8",
	                         token};
	snprintf(title, sizeof title, "Title: portafilter: %s", event_word(event->kind));
	snprintf(token, sizeof token, "Authorization: Bearer %.*s", (int)target->secret_length,
	         target->secret);
	post(target, headers, target->secret_length ? 4 : 3, event->text, strlen(event->text));
}

const struct sender sender_ntfy = {"ntfy", start_ntfy, abort_post};
