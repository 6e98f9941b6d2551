/* The dashboard's files over HTTP. */
#include "admin/assets.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin/respond.h"

const struct asset *asset_find(const char *path)
{
	for (const struct asset *asset = assets_table; asset->path; asset++)
		if (!strcmp(asset->path, path))
			return asset;
	return NULL;
}

/* Is gzip among what is accepted, and not with a weight of zero (RFC 9110, 12.5.3)? */
static bool takes_gzip(const char *accepted)
{
	for (const char *item = accepted; item && *item; item += *item == ',') {
		item += strspn(item, " \t");
		size_t length = strcspn(item, ","), word = strcspn(item, ",; \t");
		if (word == 4 && !strncasecmp(item, "gzip", 4)) {
			const char *weight = memchr(item, '=', length);
			return !weight || strtod(weight + 1, NULL) > 0;
		}
		item += length;
	}
	return false;
}

enum MHD_Result asset_respond(struct MHD_Connection *connection, const struct asset *asset)
{
	const char *accepted =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	const char *known =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
	bool packed = takes_gzip(accepted);
	const char *etag = packed ? asset->etag_packed : asset->etag;
	const unsigned char *bytes = packed ? asset->packed : asset->bytes;
	const unsigned char *end = packed ? asset->packed_end : asset->bytes_end;
	bool fresh = respond_has_etag(known, etag);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(fresh ? 0 : (size_t)(end - bytes), (void *)bytes,
	                                    MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	enum MHD_Result result = MHD_NO;
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, etag) == MHD_YES &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept-Encoding") == MHD_YES &&
	    (!packed || fresh ||
	     MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip") == MHD_YES))
		result = respond_queue(connection, fresh ? 304 : 200, response, asset->type, "no-cache");
	MHD_destroy_response(response);
	return result;
}
