package slipway

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonPrimitive
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

class JsonWriterTest {
    private fun written(value: Any?) = JsonWriter().write(value).toString()

    @Test
    fun `values are compact, and in their order`() {
        val value = linkedMapOf("b" to listOf(1, 2.5, null), "a" to mapOf("é" to true), "c" to arrayOf("x"))
        assertEquals("""{"b":[1,2.5,null],"a":{"é":true},"c":["x"]}""", written(value))
    }

    @Test
    fun `elements are written as they were read`() {
        for (text in listOf("""{"a":[1,2.50,-0,1e400,"\"\\",null,false],"":{}}""", "12345678901234567890", "[]")) {
            assertEquals(text, written(Json.parseToJsonElement(text)))
        }
    }

    @Test
    fun `only what must be is escaped`() {
        assertEquals("\"\\u0001\\n\\\"\\\\/\u2028é\uD83D\uDE00\"", written("\u0001\n\"\\/\u2028é\uD83D\uDE00"))
        assertEquals("\"\\ud83d\"", written("\uD83D"))
        assertEquals("\"\\ude00\\ud83d\"", written("\uDE00\uD83D"))
    }

    @Test
    fun `what JSON can't hold is refused`() {
        val cycle = ArrayList<Any>().apply { add(this) }
        for (value in listOf(Double.NaN, Float.POSITIVE_INFINITY, JsonPrimitive(Double.NaN), cycle, Any(), { 1 })) {
            assertFailsWith<IllegalArgumentException> { written(value) }
        }
    }
}
