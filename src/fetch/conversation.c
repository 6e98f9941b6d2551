/* Transfers of response policy zones. */
#include "fetch/source.h"

void conversation_start(struct source *source)
{
	source_finish(source, ROUND_FAILED, "zone transfers are not in this version");
}

void conversation_abort(struct source *source)
{
	source->conversation = NULL;
}
