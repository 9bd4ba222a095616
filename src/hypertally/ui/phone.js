// Whether the page is as narrow as a phone, where less is shown at once.

import { useEffect, useState } from "./preact.js";

const phone = matchMedia("(max-width: 720px)");

export function useIsPhone() {
  const [isPhone, setIsPhone] = useState(phone.matches);
  useEffect(() => {
    const update = () => setIsPhone(phone.matches);
    phone.addEventListener("change", update);
    return () => phone.removeEventListener("change", update);
  }, []);
  return isPhone;
}
