/* Answers over HTTP: every one has its type, is not to be stored, and is not to be guessed at. */
#include "admin/respond.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static const char *title_of(int http)
{
	switch (http) {
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 406: return "Not Acceptable";
	case 409: return "Conflict";
	case 412: return "Precondition Failed";
	case 413: return "Content Too Large";
	case 415: return "Unsupported Media Type";
	case 422: return "Unprocessable Content";
	case 429: return "Too Many Requests";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	default: return "Internal Server Error";
	}
}

/* Scripts, styles and pictures come from us alone, nothing is inline, and nobody puts us into a frame. */
#define CONTENT_POLICY                                                                                    \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " \
	"manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

enum MHD_Result respond_queue(struct MHD_Connection *connection, int http,
                              struct MHD_Response *response, const char *type, const char *caching)
{
	const struct {
		const char *name, *value;
	} headers[] = {
		{MHD_HTTP_HEADER_CONTENT_TYPE, type},
		{MHD_HTTP_HEADER_CACHE_CONTROL, caching ? caching : "no-store"},
		{"X-Content-Type-Options", "nosniff"},
		{"Content-Security-Policy", CONTENT_POLICY},
		{"Referrer-Policy", "no-referrer"},
		{"X-Frame-Options", "DENY"}, /* for browsers that do not know frame-ancestors */
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
	};
	for (size_t i = 0; i < PF_COUNT(headers); i++)
		if (MHD_add_response_header(response, headers[i].name, headers[i].value) != MHD_YES)
			return MHD_NO;
	return MHD_queue_response(connection, (unsigned)http, response);
}

static enum MHD_Result queue(struct MHD_Connection *connection, int http,
                             struct MHD_Response *response, const char *type,
                             const struct respond_header *header)
{
	if (!type)
		type = http < 400 ? "application/json" : "application/problem+json";
	enum MHD_Result result = MHD_NO;
	if (!header || !header->name ||
	    MHD_add_response_header(response, header->name, header->value) == MHD_YES)
		result = respond_queue(connection, http, response, type, NULL);
	MHD_destroy_response(response);
	return result;
}

/* Takes over `document`. */
static enum MHD_Result queue_json(struct MHD_Connection *connection, int http, json_t *document,
                                  const struct respond_header *header)
{
	static const char without_memory[] =
		"{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
		"\"detail\":\"The daemon has no memory for this answer.\"}";
	char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	json_decref(document);
	if (!text)
		http = 503;
	struct MHD_Response *response =
		text ? MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE)
			 : MHD_create_response_from_buffer(sizeof without_memory - 1, (void *)without_memory,
	                                           MHD_RESPMEM_PERSISTENT);
	if (response)
		return queue(connection, http, response, NULL, header);
	free(text);
	return MHD_NO;
}

/* A sentence may hold a stranger's bytes, or be cut inside a character; JSON takes only UTF-8. */
static json_t *sentence_json(const char *sentence)
{
	char plain[RESPOND_ERROR_MAX];
	json_t *string = json_string(sentence);
	if (string)
		return string;
	snprintf(plain, sizeof plain, "%s", sentence);
	for (char *c = plain; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return json_string(plain);
}

bool respond_has_etag(const char *known, const char *etag)
{
	size_t length = strlen(etag);
	for (const char *at = known; at && *at; at += *at == ',') {
		at += strspn(at, " \t");
		if (*at == '*')
			return true;
		at += strncmp(at, "W/", 2) ? 0 : 2;
		if (!strncmp(at, etag, length) && strchr(", \t", at[length]))
			return true;
		at += strcspn(at, ",");
	}
	return false;
}

enum MHD_Result respond_text(struct MHD_Connection *connection, struct hash_key key,
                             const char *type, const char *text, size_t length,
                             void (*on_sent)(void *data), void *data)
{
	char etag[RESPOND_ETAG_MAX];
	const struct respond_header header = {MHD_HTTP_HEADER_ETAG, etag};
	const char *known =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
	snprintf(etag, sizeof etag, "\"%016llx\"", (unsigned long long)hash_bytes(key, text, length));
	bool fresh = respond_has_etag(known, etag);
	struct MHD_Response *response =
		fresh ? MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT)
			  : MHD_create_response_from_buffer_with_free_callback_cls(length, (void *)text,
	                                                                   on_sent, data);
	if (fresh || !response)
		on_sent(data);
	return response ? queue(connection, fresh ? 304 : 200, response, type, &header) : MHD_NO;
}

enum MHD_Result respond_known_json(struct MHD_Connection *connection, struct hash_key key,
                                   json_t *document)
{
	char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	if (!text)
		return queue_json(connection, 200, document, NULL);
	json_decref(document);
	return respond_text(connection, key, NULL, text, strlen(text), free, text);
}

enum MHD_Result respond_json(struct MHD_Connection *connection, json_t *document,
                             const struct respond_header *header)
{
	return queue_json(connection, 200, document, header);
}

enum MHD_Result respond_problem(struct MHD_Connection *connection, int http, const char *detail,
                                json_t *extra, const struct respond_header *header)
{
	json_t *problem = json_pack("{s:s, s:s, s:i, s:o}", "type", "about:blank", "title",
	                            title_of(http), "status", http, "detail", sentence_json(detail));
	if (problem && extra)
		json_object_update_missing(problem, extra);
	json_decref(extra);
	return queue_json(connection, http, problem, header);
}
