/* The libuv loop inside a loop: for the other files of scheduler/net and for nobody else. */
#ifndef SCHEDULER_NET_LOOP_UV_H
#define SCHEDULER_NET_LOOP_UV_H

#include <stdbool.h>
#include <uv.h>

#include "scheduler/net/loop.h"

/* Borrowed for as long as the loop lives. A handle put on it must be closed before loop_free(),
 * which still turns the loop for the close callbacks. */
uv_loop_t *loop_uv(struct loop *loop);
/* Has this turn served sockets for so long that the rest had better wait for the next one? They are
 * level-triggered: who returns without reading is called again. */
bool loop_is_sated(struct loop *loop);

#endif
