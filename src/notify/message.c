/* What is sent: an event as JSON, and its signature. */
#include <gnutls/crypto.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notify/state.h"

#define SHA256_BYTES 32

/* "" is null: nothing is known, which an empty text would not say. */
static json_t *text_or_null(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

bool message_json(const struct event *event, struct buffer *out)
{
	char time[CLOCK_TEXT_MAX];
	clock_format(event->time_wall_us, time);
	json_t *device = json_pack("{s:o, s:o}", "id", text_or_null(event->device_id), "name",
	                           text_or_null(event->device_name));
	json_t *json =
		json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "event", event_word(event->kind),
	              "time", time, "device", device, "name", text_or_null(event->name), "before",
	              text_or_null(event->before), "after", text_or_null(event->after), "evidence",
	              text_or_null(event->evidence), "text", text_or_null(event->text));
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (!text)
		return false;
	buffer_append(out, text, strlen(text));
	free(text);
	return !out->failed;
}

int message_sign(const char *secret, size_t secret_length, const char *body, size_t length,
                 char out[SIGNATURE_MAX])
{
	uint8_t digest[SHA256_BYTES];
	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret, secret_length, body, length, digest))
		return PF_ENOMEM;
	int at = sprintf(out, "sha256=");
	for (size_t i = 0; i < sizeof digest; i++)
		at += sprintf(out + at, "%02x", digest[i]);
	return PF_OK;
}
