package conformance

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import java.util.Base64

fun Invocation.send(step: Step) {
    val bytes = step.bytes("base64")
    val status = status(step)
    val headers = headers(step)
    if (bytes != null) res.send(bytes, status, headers) else res.send(step.text("text"), status, headers)
}

fun Invocation.json(step: Step) {
    val value =
        when (step.optionalText("special")) {
            null -> step.get("value")
            "nan" -> Double.NaN
            "cycle" -> ArrayList<Any>().apply { add(this) }
            "function" -> ::headers
            else -> throw step.unknown()
        }
    res.json(value, status(step), headers(step))
}

private fun status(step: Step): Int = if (step.get("status") == null) 200 else step.count("status")

private fun headers(step: Step): Map<String, Any> =
    step.members("headers").orEmpty().mapValues { (_, value) ->
        if (value is JsonArray) value.map { (it as JsonPrimitive).content } else (value as JsonPrimitive).content
    }

fun Invocation.report() =
    res.json(
        mapOf(
            "request" to
                mapOf(
                    "method" to req.method,
                    "path" to req.path,
                    "query" to req.query,
                    "headers" to req.headers,
                    "payload" to req.payload,
                    "env" to req.env,
                    "body" to Base64.getEncoder().encodeToString(req.body),
                    "id" to req.id,
                    "deadline" to req.deadline.toEpochMilli(),
                ),
            "seen" to seen,
        ),
    )

fun Invocation.echo() {
    val payload = req.payload as? JsonObject
    if (payload?.get("steps") != null) return res.json(payload["value"] ?: JsonNull)
    val type = req.headers["content-type"]
    res.send(req.body, headers = if (type == null) emptyMap() else mapOf("content-type" to type))
}

fun Invocation.again(step: Step) {
    seen["again"] =
        try {
            send(step)
            "accepted"
        } catch (_: IllegalStateException) {
            "raised"
        }
}
