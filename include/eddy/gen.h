/* gen.h - generators: a coroutine that hands out items one by one.
 *
 *     eddy_auto(eddy_gen) *ticks = eddy_try(eddy_gen_open(countdown_coro(3), sizeof(int)));
 *     while ((r = eddy_gen_next(ticks, &tick)) > 0) … */
#ifndef EDDY_GEN_H
#define EDDY_GEN_H

#include <eddy/coro.h>

EDDY_BEGIN_DECLS

typedef struct eddy_gen eddy_gen;

/* A generator of items of so many bytes; the coroutine starts at the first next. Close makes its
 * eddy_yield return EDDY_ECANCELED and waits for its end. NULL with a record on failure. */
EDDY_API eddy_gen *eddy_gen_open(eddy_coro coro, size_t item_size);
EDDY_API void eddy_gen_close(eddy_gen *gen);
EDDY_AUTOCLOSE(eddy_gen, eddy_gen_close)

/* Runs the generator up to its next eddy_yield and copies the item: 1. 0 when its coroutine has
 * returned; when that failed its failure, once, and 0 from then on. EDDY_EBUSY when another task
 * waits for the next item, EDDY_ECLOSED when another task closed the generator meanwhile. When the
 * caller is cancelled the generator is, too. */
EDDY_API EDDY_SUSPENDS int eddy_gen_next(eddy_gen *gen, void *item);
/* The same, and eddy_yield_receive in the generator gets the pointer value. */
EDDY_API EDDY_SUSPENDS int eddy_gen_send(eddy_gen *gen, const void *value, void *item);

/* In the generator: hands out *item and suspends until the next one is asked for. 0, or
 * EDDY_ECANCELED when it is closed or cancelled; EDDY_EINVAL outside a generator. */
EDDY_API EDDY_SUSPENDS int eddy_yield(const void *item);
/* The same; *value is what eddy_gen_send passed, NULL after eddy_gen_next. It is valid until the
 * next eddy_yield. */
EDDY_API EDDY_SUSPENDS int eddy_yield_receive(const void *item, const void **value);

EDDY_END_DECLS

#endif
