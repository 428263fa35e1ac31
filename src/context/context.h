/* context.h - the door of this layer: the switch, the stacks it runs on, and their overflow. */
#ifndef EDDY_CONTEXT_CONTEXT_H
#define EDDY_CONTEXT_CONTEXT_H

#include "context/overflow.h"
#include "context/stack.h"
#include "context/switch.h"

#endif
