package slipway.server

import kotlinx.serialization.json.Json
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

internal class EnvelopeTest {
    private fun code(body: String) = assertFailsWith<Refusal> { Envelope.read(body.toByteArray(Charsets.ISO_8859_1)) }.code

    @Test
    fun `every member may be left out`() {
        val asked = Envelope.read("{}".toByteArray())
        assertEquals(listOf("POST", "/", ""), listOf(asked.method, asked.path, asked.query))
    }

    @Test
    fun `what is no JSON is told from what is no envelope`() {
        val noJson =
            listOf(
                "",
                "{",
                "{} {}",
                "{\"payload\": NaN}",
                "{\"payload\": 01}",
                "{\"payload\": nul}",
                "[1,",
                "{\"a\":1,}",
                "{\"later\": }",
                "{'a':1}",
                "{\"a\":\"\n\"}",
                "{\"a\":\"\u00ff\"}",
                "{\"a\":\"\u00c0\u0080\"}",
                "{\"a\":\"\u00ed\u00a0\u0080\"}",
                "\u00ef\u00bb\u00bf{}",
                "{}\u0000",
                "/**/{}",
            )
        for (body in noJson) assertEquals(Code.INVALID_JSON, code(body), body)
        val noEnvelope =
            listOf("[]", "1", """{"headers": []}""", """{"headers": {"a": 1}}""", """{"env": {"A": null}}""", """{"path": 5}""")
        for (body in noEnvelope) assertEquals(Code.INVALID_ENVELOPE, code(body), body)
    }

    @Test
    fun `a body nested beyond reason is refused and not followed`() {
        assertEquals(Code.INVALID_JSON, code("{\"payload\": ${"[".repeat(100_000)}1${"]".repeat(100_000)}}"))
    }

    @Test
    fun `of duplicates the last counts`() {
        val asked = Envelope.read("""{"payload":1,"payload":{"a":1,"a":2}}""".toByteArray())
        assertEquals(Json.parseToJsonElement("""{"a":2}"""), asked.payload)
    }

    @Test
    fun `names of headers are lower case and joined`() {
        val asked = Envelope.read("""{"headers":{"X-A":"1","x-a":"2","Cookie":"a=1","cookie":"b=2"}}""".toByteArray())
        assertEquals(mapOf("x-a" to "1, 2", "cookie" to "a=1; b=2"), asked.headers.toMap())
    }
}
