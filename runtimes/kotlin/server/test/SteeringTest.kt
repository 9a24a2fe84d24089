package slipway.server

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull

internal class SteeringTest {
    private val id = "4bf92f3577b34da6a3ce929d0e0e4736"

    @Test
    fun `only a valid traceparent has a trace`() {
        assertEquals(id, Steering.traceId("00-$id-00f067aa0ba902b7-01"))
        assertEquals(id, Steering.traceId("01-$id-00f067aa0ba902b7-01-more"))
        val invalid =
            listOf(
                "nonsense",
                "00-$id-00f067aa0ba902b7",
                "00-$id-00f067aa0ba902b7-01-more",
                "ff-$id-00f067aa0ba902b7-01",
                "00-${"0".repeat(32)}-00f067aa0ba902b7-01",
                "00-$id-${"0".repeat(16)}-01",
                "00-${id.uppercase()}-00f067aa0ba902b7-01",
            )
        for (text in invalid) assertNull(Steering.traceId(text), text)
    }

    @Test
    fun `decimals are plain and positive`() {
        for ((text, value) in listOf("5" to 5.0, "05" to 5.0, "0.75" to 0.75)) assertEquals(value, Settings.decimal(text))
        for (text in listOf("", "0", "0.0", "-1", "+1", "1e3", "NaN", "1s", ".5", "5.", "0x10", "1.2.3", "1f", "1d")) {
            assertNull(Settings.decimal(text), text)
        }
    }
}
