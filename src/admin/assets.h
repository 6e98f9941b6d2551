/* Private to admin/: the files of the dashboard, built into the program by src/web/embed, and nothing else: no path
 * of a request ever reaches the file system. */
#ifndef PF_ADMIN_ASSETS_H
#define PF_ADMIN_ASSETS_H

#include <microhttpd.h>

struct asset {
	const char *path;               /* "/", "/app.js"; NULL behind the last */
	const char *type;               /* "text/html; charset=utf-8" */
	const char *etag, *etag_packed; /* with their quotes; of the content as it is, and gzipped */
	const unsigned char *bytes, *bytes_end;
	const unsigned char *packed, *packed_end;
};
extern const struct asset assets_table[];

/* NULL: there is no such file. The path is compared, byte for byte. */
const struct asset *asset_find(const char *path);

/* Queues it, gzipped for those who take that, or 304 to whoever has it already. MHD_NO without memory. */
enum MHD_Result asset_respond(struct MHD_Connection *connection, const struct asset *asset);

#endif
