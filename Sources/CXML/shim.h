#pragma once
#include <libxml/xmlversion.h>
// Debian's libxml2 brings ICU's headers, whose types Foundation declares as well. Only a member at the end of
// xmlCharEncodingHandler depends on them, which nothing here touches.
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlschemastypes.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

/// Frees what libxml2 hands out; `xmlFree` itself is a variable.
static inline void cxml_free(void *memory) { xmlFree(memory); }
